#include "record_line.hpp"

#include <cstring>
#include <memory>

namespace fealty::files {
namespace {

using rapidjson::Value;

constexpr std::size_t padding_bytes = 64;  // as InputRecord::value promises

const Value* find(const Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

std::string_view text_of(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

bool number(const Value* value, std::uint64_t& out) {
  if (value == nullptr || !value->IsUint64()) return false;
  out = value->GetUint64();
  return true;
}

/// Two pieces as one, with padding behind.
std::string_view padded_copy(Arena& arena, std::string_view first, std::string_view rest) {
  char* const out = arena.allocate(first.size() + rest.size() + padding_bytes);
  if (!first.empty()) std::memcpy(out, first.data(), first.size());
  if (!rest.empty()) std::memcpy(out + first.size(), rest.data(), rest.size());
  return {out, first.size() + rest.size()};
}

/// Bytes as text under `name`, or as base64 under `name_base64`. False where neither is there as it
/// should; `null` is told apart.
struct Bytes {
  bool good = false, null = false;
  std::string_view text;  // in `decoded`, or in the value itself
};
Bytes bytes_of(const Value* plain, const Value* coded, std::string& decoded) {
  if (plain != nullptr && plain->IsNull()) return {true, true, {}};
  if (plain != nullptr && plain->IsString()) return {true, false, text_of(*plain)};
  if (coded == nullptr || !coded->IsString()) return {};
  decoded.clear();
  if (!append_from_base64(text_of(*coded), decoded)) return {};
  return {true, false, decoded};
}

}  // namespace

void RecordLineReader::begin(std::string_view topic, std::uint32_t partition) {
  topic_ = topic;
  partition_ = partition;
}

RecordLine RecordLineReader::read(std::string_view line, Arena& arena, ports::InputRecord& record) {
  text_.assign(line.begin(), line.end());
  text_.push_back('\0');
  rapidjson::Document object;
  // Iteratively: what is nested a million times is no reason to run out of stack.
  object.ParseInsitu<rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag>(text_.data());
  if (object.HasParseError() || !object.IsObject()) return RecordLine::damaged;
  if (find(object, "fealty_record") != nullptr) return RecordLine::header;
  if (const Value* const part = find(object, "part_base64"); part != nullptr) {
    const bool good = part->IsString() && append_from_base64(text_of(*part), parts_);
    return good ? RecordLine::part : RecordLine::damaged;
  }
  if (const Value* const end = find(object, "end"); end != nullptr) {
    const Value* const hash = find(object, "hash");
    const bool good = number(end, end_.to) && number(find(object, "records"), end_.records) &&
                      hash != nullptr && hash->IsString();
    if (good) end_.hash = text_of(*hash);
    return good && parts_.empty() ? RecordLine::end : RecordLine::damaged;
  }
  return take_record(object, arena, record) ? RecordLine::record : RecordLine::damaged;
}

bool RecordLineReader::take_record(const Value& object, Arena& arena, ports::InputRecord& record) {
  auto* const recorded =
      reinterpret_cast<ports::Recorded*>(arena.allocate(sizeof(ports::Recorded)));
  std::construct_at(recorded, ports::Recorded{topic_, partition_});
  record.recorded = recorded;
  if (const Value* const advance = find(object, "advance"); advance != nullptr) {
    const Value* const clock = find(object, "clock_ms");
    if (!number(advance, recorded->offset) || clock == nullptr || !clock->IsInt64()) return false;
    recorded->advance = EventTime{std::chrono::milliseconds{clock->GetInt64()}};
    record.value = padded_copy(arena, {}, {});
    return parts_.empty();
  }
  if (!number(find(object, "offset"), recorded->offset)) return false;
  recorded->refused = find(object, "refused") != nullptr;
  record.append_time = find(object, "append_time") != nullptr;
  const Value* const time = find(object, "timestamp");
  if (time != nullptr && !time->IsInt64()) return false;
  record.timestamp_ms = time == nullptr ? -1 : time->GetInt64();

  std::string decoded;
  const Value* const key = find(object, "key");
  const Value* const key_base64 = find(object, "key_base64");
  record.key = {};
  if (key != nullptr || key_base64 != nullptr) {
    const Bytes read = bytes_of(key, key_base64, decoded);
    if (!read.good || read.null) return false;
    record.key = read.text.empty() ? std::string_view{"", 0} : arena.copy(read.text);
  }
  const Value* const headers = find(object, "headers");
  if (headers != nullptr && !take_headers(*headers, arena, record)) return false;
  const Bytes value = bytes_of(find(object, "value"), find(object, "value_base64"), decoded);
  if (!value.good || (value.null && !parts_.empty())) return false;
  record.null = value.null;
  record.value = padded_copy(arena, parts_, value.text);
  parts_.clear();
  return true;
}

/// Each [name, value], or [name, base64, "base64"].
bool RecordLineReader::take_headers(const Value& list, Arena& arena, ports::InputRecord& record) {
  if (!list.IsArray()) return false;
  const std::size_t count = list.Size();
  auto* const out = reinterpret_cast<event::Header*>(arena.allocate(count * sizeof(event::Header)));
  std::string decoded;
  for (rapidjson::SizeType i = 0; i < list.Size(); ++i) {
    const Value& pair = list[i];
    if (!pair.IsArray() || pair.Size() < 2 || !pair[0].IsString() || !pair[1].IsString()) {
      return false;
    }
    std::string_view value = text_of(pair[1]);
    if (pair.Size() == 3) {
      decoded.clear();
      if (!append_from_base64(value, decoded)) return false;
      value = decoded;
    }
    std::construct_at(out + i,
                      event::Header{arena.copy(text_of(pair[0])), padded_copy(arena, {}, value)});
  }
  record.headers = {out, count};
  return true;
}

}  // namespace fealty::files
