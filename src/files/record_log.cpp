#include "fealty/files/record_log.hpp"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <utility>

#include "fealty/files/atomic_file.hpp"
#include "fealty/files/file_source.hpp"
#include "record_line.hpp"

namespace fealty::files {
namespace {

/// Of a value in one line: a byte may become six.
constexpr std::size_t part_bytes = std::size_t{128} << 10U;

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(Writer& json, std::string_view text) {
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}
void put(Writer& json, const char* name, std::string_view text) {
  json.Key(name);
  put(json, text);
}
void put(Writer& json, const char* name, std::uint64_t value) {
  json.Key(name);
  json.Uint64(value);
}

/// By RapidJSON's own rules, so that what is written as text is read back to the same bytes.
bool is_text(std::string_view bytes) {
  struct Bytes {
    const char *at, *end;
    char Take() { return at == end ? '\0' : *at++; }
  } input{bytes.data(), bytes.data() + bytes.size()};
  struct Nowhere {
    void Put(char) {}
  } out;
  while (input.at != input.end) {
    if (!rapidjson::UTF8<>::Validate(input, out)) return false;
  }
  return true;
}

std::string base64(std::string_view bytes) {
  std::string out;
  append_base64(bytes, out);
  return out;
}

void put_bytes(Writer& json, const std::string& name, std::string_view bytes) {
  if (is_text(bytes)) return put(json, name.c_str(), bytes);
  put(json, (name + "_base64").c_str(), base64(bytes));
}

void put_headers(Writer& json, std::span<const event::Header> headers) {
  json.Key("headers");
  json.StartArray();
  for (const event::Header& header : headers) {
    const bool text = is_text(header.value);
    json.StartArray();
    put(json, header.name);
    put(json, text ? header.value : std::string_view{base64(header.value)});
    if (!text) put(json, "base64");
    json.EndArray();
  }
  json.EndArray();
}

std::string line_of(const RecordHeader& header) {
  rapidjson::StringBuffer text;
  Writer json{text};
  json.StartObject();
  put(json, "fealty_record", record_form);
  put(json, "topic", header.topic);
  put(json, "partition", header.partition);
  put(json, "partitions", header.partitions);
  put(json, "from", header.from);
  put(json, "to", header.to);
  json.Key("timeline");
  json.Bool(header.timeline);
  put(json, "mapping", header.mapping);
  put(json, "mapping_fingerprint", hex(header.mapping_fingerprint));
  json.Key("key_check");
  json.Bool(header.key_check);
  put(json, "program", header.program_id);
  json.Key("generations");
  json.StartArray();
  for (const ports::Generation& one : header.generations) {
    json.StartObject();
    put(json, "version", one.version);
    put(json, "fingerprint", hex(one.fingerprint));
    json.Key("valid_from");  // in days since the epoch
    json.Int(one.valid_from);
    put(json, "adopted_at", one.adopted_at);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return {text.GetString(), text.GetSize()};
}

}  // namespace

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

struct RecordLogWriter::Impl {
  AtomicFile file;
  const RecordHeader header;
  std::string path;
  std::uint64_t records = 0;
  std::uint64_t hash = 0;  // of the lines so far
  rapidjson::StringBuffer line{};

  Result<void> put_line();
};

Result<void> RecordLogWriter::Impl::put_line() {
  hash = chained(hash, {line.GetString(), line.GetSize()});
  line.Put('\n');
  if (line.GetSize() > line_bytes_max) {
    return Error{Errc::output_unwritable, "--out",
                 fmt::format("{}: key and headers of a record do not fit into a line of {} bytes",
                             path, line_bytes_max)};
  }
  auto appended = file.append({line.GetString(), line.GetSize()});
  line.Clear();
  return appended;
}

RecordLogWriter::RecordLogWriter(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
RecordLogWriter::RecordLogWriter(RecordLogWriter&&) noexcept = default;
RecordLogWriter::~RecordLogWriter() = default;

Result<RecordLogWriter> RecordLogWriter::create(const std::string& path,
                                                const RecordHeader& header) {
  auto file = AtomicFile::create(path, true);
  if (!file) return file.error();
  const std::string first = line_of(header);
  if (auto begun = file->append(first + "\n"); !begun) return begun.error();
  return RecordLogWriter{
      std::unique_ptr<Impl>{new Impl{std::move(*file), header, path, 0, chained(0, first)}}};
}

Result<void> RecordLogWriter::add(const ports::InputRecord& record, bool refused) {
  Impl& my = *impl_;
  std::string_view value = record.value;
  for (; value.size() > part_bytes; value.remove_prefix(part_bytes)) {
    Writer json{my.line};
    json.StartObject();
    put(json, "part_base64", base64(value.substr(0, part_bytes)));
    json.EndObject();
    if (auto written = my.put_line(); !written) return written;
  }
  Writer json{my.line};
  json.StartObject();
  put(json, "offset", record.offset);
  if (record.timestamp_ms >= 0) {
    json.Key("timestamp");
    json.Int64(record.timestamp_ms);
  }
  if (record.append_time) {
    json.Key("append_time");
    json.Bool(true);
  }
  if (refused) {
    json.Key("refused");
    json.Bool(true);
  }
  if (record.key.data() != nullptr) put_bytes(json, "key", record.key);
  if (!record.headers.empty()) put_headers(json, record.headers);
  if (record.null) {
    json.Key("value");
    json.Null();
  } else {
    put_bytes(json, "value", value);
  }
  json.EndObject();
  ++my.records;
  return my.put_line();
}

Result<void> RecordLogWriter::advance(ports::Offset position, EventTime time) {
  Writer json{impl_->line};
  json.StartObject();
  put(json, "advance", position);
  json.Key("clock_ms");
  json.Int64(time.time_since_epoch().count());
  json.EndObject();
  return impl_->put_line();
}

Result<std::uint64_t> RecordLogWriter::finish() {
  Writer json{impl_->line};
  json.StartObject();
  put(json, "end", impl_->header.to);
  put(json, "records", impl_->records);
  put(json, "hash", hex(impl_->hash));
  json.EndObject();
  if (auto written = impl_->put_line(); !written) return written.error();
  if (auto kept = impl_->file.commit(true); !kept) return kept.error();
  return impl_->records;
}

}  // namespace fealty::files
