#include "fealty/files/manifest.hpp"

#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "fealty/files/atomic_file.hpp"
#include "os.hpp"

namespace fealty::files {
namespace {

constexpr std::uint64_t format_version = 2;

std::string manifest_path(const std::string& dir) { return dir + "/" + std::string{manifest_name}; }

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void write_member(Writer& json, std::string_view key, std::string_view value) {
  json.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}
void write_member(Writer& json, std::string_view key, std::uint64_t value) {
  json.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  json.Uint64(value);
}
void write_flag(Writer& json, std::string_view key, bool value) {
  json.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  json.Bool(value);
}

/// Reads members of one object; remembers whether all were there with the right type.
class Fields {
 public:
  Fields(const rapidjson::Value& object, bool& good) : object_{object}, good_{good} {
    if (!object.IsObject()) good_ = false;
  }
  const rapidjson::Value* find(const char* key) {
    if (!object_.IsObject()) return nullptr;
    const auto it = object_.FindMember(key);
    if (it != object_.MemberEnd()) return &it->value;
    good_ = false;
    return nullptr;
  }
  template <class T>
  void number(const char* key, T& out) {
    const auto* value = find(key);
    if (value == nullptr) return;
    good_ = good_ && value->IsUint64();
    if (value->IsUint64()) out = static_cast<T>(value->GetUint64());
  }
  void text(const char* key, std::string& out) {
    const auto* value = find(key);
    if (value == nullptr) return;
    good_ = good_ && value->IsString();
    if (value->IsString()) out.assign(value->GetString(), value->GetStringLength());
  }
  void flag(const char* key, bool& out) {
    const auto* value = find(key);
    if (value == nullptr) return;
    good_ = good_ && value->IsBool();
    if (value->IsBool()) out = value->GetBool();
  }
  void numbers(const char* key, std::vector<std::uint64_t>& out) {
    const auto* value = find(key);
    if (value == nullptr) return;
    good_ = good_ && value->IsArray();
    if (!value->IsArray()) return;
    for (const auto& item : value->GetArray()) {
      good_ = good_ && item.IsUint64();
      if (item.IsUint64()) out.push_back(item.GetUint64());
    }
  }
  template <class Take>
  void entries(const char* key, const Take& take) {
    const auto* value = find(key);
    if (value == nullptr) return;
    good_ = good_ && value->IsObject();
    if (!value->IsObject()) return;
    for (const auto& [name, item] : value->GetObject()) {
      take(std::string{name.GetString(), name.GetStringLength()}, item);
    }
  }
  template <class Take>
  void each(const char* key, const Take& take) {
    const auto* value = find(key);
    if (value == nullptr) return;
    good_ = good_ && value->IsArray();
    if (!value->IsArray()) return;
    for (const auto& item : value->GetArray()) take(Fields{item, good_});
  }

 private:
  const rapidjson::Value& object_;
  bool& good_;
};

}  // namespace

std::string to_json(const Manifest& manifest) {
  rapidjson::StringBuffer buffer;
  Writer json{buffer};
  json.SetIndent(' ', 1);
  json.StartObject();
  write_member(json, "manifest", format_version);
  write_flag(json, "complete", manifest.complete);
  write_member(json, "key", manifest.key);
  write_member(json, "program", manifest.run.program_id);
  write_member(json, "program_version", manifest.run.program_version);
  json.Key("generations");
  json.StartArray();
  for (const std::uint64_t fingerprint : manifest.run.generations) json.Uint64(fingerprint);
  json.EndArray();
  write_member(json, "mapping", manifest.run.mapping);
  write_member(json, "mapping_fingerprint", manifest.run.mapping_fingerprint);
  write_member(json, "core_revision", std::uint64_t{manifest.run.core_revision});
  json.Key("partitions");
  json.StartArray();
  for (const PartitionPosition& at : manifest.partitions) {
    json.StartObject();
    write_member(json, "partition", std::uint64_t{at.partition});
    write_member(json, "committed", at.committed);
    write_member(json, "recover_from", at.recover_from);
    write_member(json, "note", at.note);
    json.EndObject();
  }
  json.EndArray();
  json.Key("inputs");
  json.StartArray();
  for (const InputFile& file : manifest.inputs) {
    json.StartObject();
    write_member(json, "path", file.path);
    write_member(json, "device", file.stamp.device);
    write_member(json, "inode", file.stamp.inode);
    write_member(json, "bytes", file.stamp.bytes);
    write_member(json, "changed_ns", file.stamp.changed_ns);
    write_member(json, "first_record", file.first_record);
    write_member(json, "records", file.records);
    write_member(json, "read_bytes", file.read_bytes);
    write_member(json, "read_hash", file.read_hash);
    write_flag(json, "ended", file.ended);
    write_flag(json, "unterminated", file.unterminated);
    json.EndObject();
  }
  json.EndArray();
  json.Key("output_bytes");
  json.StartObject();
  for (const OutputBytes& output : manifest.outputs) {
    write_member(json, output.name, output.bytes);
  }
  json.EndObject();
  json.Key("counts");
  json.StartObject();
  for (const Count& count : manifest.counts) {
    json.Key(count.name.data(), static_cast<rapidjson::SizeType>(count.name.size()));
    json.Int64(count.value);
  }
  json.EndObject();
  json.EndObject();
  return std::string{buffer.GetString(), buffer.GetSize()} + "\n";
}

Result<Manifest> manifest_from_json(std::string_view json) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError()) return Error{Errc::invalid_config, "manifest", "not JSON"};

  bool good = true;
  Fields fields{document, good};
  std::uint64_t version = 0;
  fields.number("manifest", version);
  if (good && version != format_version) {
    return Error{
        Errc::wrong_revision, "manifest",
        version > format_version
            ? "made by a newer release: start that one, or give another --out directory"
            : "made by an older release, which kept too little to go on from: give another "
              "--out directory, or --overwrite to begin anew"};
  }
  Manifest out;
  fields.flag("complete", out.complete);
  fields.number("key", out.key);
  fields.text("program", out.run.program_id);
  fields.text("program_version", out.run.program_version);
  fields.numbers("generations", out.run.generations);
  fields.text("mapping", out.run.mapping);
  fields.number("mapping_fingerprint", out.run.mapping_fingerprint);
  fields.number("core_revision", out.run.core_revision);
  fields.each("partitions", [&](Fields item) {
    PartitionPosition& at = out.partitions.emplace_back();
    item.number("partition", at.partition);
    item.number("committed", at.committed);
    item.number("recover_from", at.recover_from);
    item.text("note", at.note);
  });
  fields.each("inputs", [&](Fields item) {
    InputFile& file = out.inputs.emplace_back();
    item.text("path", file.path);
    item.number("device", file.stamp.device);
    item.number("inode", file.stamp.inode);
    item.number("bytes", file.stamp.bytes);
    item.number("changed_ns", file.stamp.changed_ns);
    item.number("first_record", file.first_record);
    item.number("records", file.records);
    item.number("read_bytes", file.read_bytes);
    item.number("read_hash", file.read_hash);
    item.flag("ended", file.ended);
    item.flag("unterminated", file.unterminated);
  });
  fields.entries("output_bytes", [&](std::string name, const rapidjson::Value& value) {
    good = good && value.IsUint64();
    if (value.IsUint64()) out.outputs.push_back({std::move(name), value.GetUint64()});
  });
  fields.entries("counts", [&](std::string name, const rapidjson::Value& value) {
    good = good && value.IsInt64();
    if (value.IsInt64()) out.counts.push_back({std::move(name), value.GetInt64()});
  });
  if (!good) return Error{Errc::invalid_config, "manifest", "a key is missing or wrong"};
  return out;
}

Result<std::optional<Manifest>> load_manifest(const std::string& dir) {
  const std::string path = manifest_path(dir);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 && errno == ENOENT) return std::optional<Manifest>{};
  const auto json = read_file(path);
  if (!json) return json.error();
  auto manifest = manifest_from_json(*json);
  if (!manifest) {
    return path_error(manifest.error().code, path, manifest.error().detail);
  }
  return std::optional<Manifest>{std::move(*manifest)};
}

Result<void> save_manifest(const std::string& dir, const Manifest& manifest, bool durable) {
  return write_atomically(manifest_path(dir), to_json(manifest), durable);
}

}  // namespace fealty::files
