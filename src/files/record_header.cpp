// Reading the header of a record log.
#include <fmt/format.h>
#include <rapidjson/document.h>

#include <charconv>
#include <utility>

#include "fealty/files/record_log.hpp"
#include "record_line.hpp"

namespace fealty::files {
namespace {

bool from_hex(std::string_view text, std::uint64_t& out) {
  const char* const end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, out, 16);
  return failed == std::errc{} && at == end;
}

/// Reads members of an object, and remembers whether all were there as they should.
struct Fields {
  const rapidjson::Value& object;
  bool good = true;

  const rapidjson::Value* find(const char* name) {
    const auto found = object.FindMember(name);
    good = good && found != object.MemberEnd();
    return found == object.MemberEnd() ? nullptr : &found->value;
  }
  template <class T>
  void number(const char* name, T& out) {
    const auto* const value = find(name);
    good = good && value != nullptr && value->IsUint64();
    if (good) out = static_cast<T>(value->GetUint64());
  }
  void flag(const char* name, bool& out) {
    const auto* const value = find(name);
    good = good && value != nullptr && value->IsBool();
    if (good) out = value->GetBool();
  }
  void text(const char* name, std::string& out) {
    const auto* const value = find(name);
    good = good && value != nullptr && value->IsString();
    if (good) out.assign(value->GetString(), value->GetStringLength());
  }
  void hash(const char* name, std::uint64_t& out) {
    std::string hexadecimal;
    text(name, hexadecimal);
    good = good && from_hex(hexadecimal, out);
  }
  void day(const char* name, Day& out) {
    const auto* const value = find(name);
    good = good && value != nullptr && value->IsInt();
    if (good) out = value->GetInt();
  }
};

bool read_generations(Fields& fields, std::vector<ports::Generation>& out) {
  const auto* const list = fields.find("generations");
  if (list == nullptr || !list->IsArray()) return false;
  for (const auto& one : list->GetArray()) {
    if (!one.IsObject()) return false;
    ports::Generation& generation = out.emplace_back();
    Fields of_one{one};
    of_one.number("version", generation.version);
    of_one.hash("fingerprint", generation.fingerprint);
    of_one.day("valid_from", generation.valid_from);
    of_one.number("adopted_at", generation.adopted_at);
    if (!of_one.good) return false;
  }
  return true;
}

}  // namespace

Result<std::optional<RecordHeader>> read_record_header(std::string_view line) {
  std::optional<RecordHeader> none;
  if (!line.starts_with(R"({"fealty_record":)")) return none;
  rapidjson::Document object;
  object.Parse<rapidjson::kParseIterativeFlag>(line.data(), line.size());
  const Error damaged{Errc::input_corrupt, "record", "the header of a record log is damaged"};
  if (object.HasParseError() || !object.IsObject()) return damaged;
  Fields fields{object};
  std::uint64_t written_as = 0;
  fields.number("fealty_record", written_as);
  if (written_as > record_form) {
    return Error{Errc::wrong_revision, "record",
                 fmt::format("a record log of form {}, this release reads up to {}: use the newer "
                             "release",
                             written_as, record_form)};
  }
  RecordHeader header;
  fields.text("topic", header.topic);
  fields.number("partition", header.partition);
  fields.number("partitions", header.partitions);
  fields.number("from", header.from);
  fields.number("to", header.to);
  fields.flag("timeline", header.timeline);
  fields.text("mapping", header.mapping);
  fields.hash("mapping_fingerprint", header.mapping_fingerprint);
  fields.flag("key_check", header.key_check);
  fields.text("program", header.program_id);
  if (!fields.good || !read_generations(fields, header.generations)) return damaged;
  return std::optional{std::move(header)};
}

}  // namespace fealty::files
