#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/codec/decoder.hpp"
#include "fealty/codec/mapping.hpp"

namespace fealty::codec {

/// A decoder with the memory that an event borrows from: the record, its padding (filled with
/// `filler`, since its content must not matter), and the arena.
class Bench {
 public:
  explicit Bench(Mapping mapping, DecoderOptions options = {})
      : mapping_{std::move(mapping)}, decoder_{mapping_, options} {}
  Bench() : Bench(cloudevents_mapping()) {}

  Result<void> decode(std::string_view record, std::span<const event::Header> headers = {},
                      std::uint64_t row = 0) {
    arena.reset();
    size_ = record.size();
    // Exactly as much memory as is promised, so that a sanitizer sees a read past it.
    buffer_ = std::make_unique<char[]>(size_ + padding_bytes);
    if (size_ > 0) std::memcpy(buffer_.get(), record.data(), size_);
    std::memset(buffer_.get() + size_, filler, padding_bytes);
    return decoder_.decode({buffer_.get(), size_}, headers, row, arena, event);
  }
  /// "ok", or the error as "code: field".
  std::string outcome(std::string_view record, std::span<const event::Header> headers = {}) {
    const Result<void> result = decode(record, headers);
    if (result) return "ok";
    std::string text{name(result.error().code)};
    if (!result.error().field.empty()) text.append(": ").append(result.error().field);
    return text;
  }
  [[nodiscard]] std::uint64_t by_shape() const { return decoder_.by_shape(); }
  [[nodiscard]] std::string_view record() const { return {buffer_.get(), size_}; }

  Arena arena;
  event::Event event;
  char filler = ' ';

 private:
  Mapping mapping_;
  Decoder decoder_;
  std::unique_ptr<char[]> buffer_;
  std::size_t size_ = 0;
};

/// A CloudEvent of `type` with `data`, everything else in order.
inline std::string cloudevent(std::string_view type, std::string_view data) {
  return std::string{R"({"specversion":"1.0","id":"e-1","source":"/shop","type":")"} +
         std::string{type} + R"(","subject":"m-1","time":"2026-03-04T05:06:07.890Z","data":)" +
         std::string{data} + "}";
}

/// A purchase whose data ends with `more` (",\"total\":1").
inline std::string purchase(std::string_view more) {
  return cloudevent("purchase", R"({"order_id":"o-1","currency":"USD")" + std::string{more} + "}");
}

}  // namespace fealty::codec
