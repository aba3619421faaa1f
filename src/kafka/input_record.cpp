#include "input_record.hpp"

#include <cstring>
#include <memory>

namespace fealty::kafka {

namespace {

constexpr std::size_t padding_bytes = 64;  // as InputRecord::value promises

// The padding is left as it is: it only has to be readable.
std::string_view padded_copy(Arena& arena, const void* data, std::size_t size) {
  char* out = arena.allocate(size + padding_bytes);
  if (size != 0) std::memcpy(out, data, size);
  return {out, size};
}

std::string_view key_of(const rd_kafka_message_t& message, Arena& arena) {
  if (message.key == nullptr) return {};
  if (message.key_len == 0) return {"", 0};  // An empty key is one all the same.
  return arena.copy({static_cast<const char*>(message.key), message.key_len});
}

std::span<const event::Header> headers_of(const rd_kafka_message_t& message, Arena& arena) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const std::size_t count = rd_kafka_header_cnt(headers);
  if (count == 0) return {};
  auto* out = reinterpret_cast<event::Header*>(arena.allocate(count * sizeof(event::Header)));
  for (std::size_t i = 0; i < count; ++i) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    rd_kafka_header_get_all(headers, i, &name, &value, &size);
    std::construct_at(out + i, event::Header{arena.copy(name), padded_copy(arena, value, size)});
  }
  return {out, count};
}

}  // namespace

ports::InputRecord record_of(const rd_kafka_message_t& message, std::uint32_t partition,
                             Arena& arena) {
  rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp_ms = rd_kafka_message_timestamp(&message, &kind);
  return {.partition = partition,
          .offset = static_cast<ports::Offset>(message.offset),
          .value = padded_copy(arena, message.payload, message.len),
          .key = key_of(message, arena),
          .headers = headers_of(message, arena),
          .timestamp_ms = timestamp_ms,
          .null = message.payload == nullptr,
          .append_time = kind == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME};
}

}  // namespace fealty::kafka
