#include "fealty/config/mapping_loader.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "fealty/base/hash.hpp"
#include "fealty/config/yaml.hpp"
#include "fealty/event/event.hpp"

namespace fealty::config {
namespace {

using codec::Field;
using codec::FieldSpec;

constexpr std::array<std::string_view, 3> formats{"cloudevents", "json", "delimited"};
constexpr std::array<std::string_view, 8> time_formats{"rfc3339", "unix_s",   "unix_ms",  "unix_us",
                                                       "unix_ns", "yyyymmdd", "iso_date", "excel"};
constexpr std::array<std::string_view, 5> separators{"comma", "semicolon", "tab", "blanks", "pipe"};
constexpr std::array<std::string_view, 3> quotings{"rfc4180", "none", "backslash"};
constexpr std::array<std::string_view, 2> amount_units{"major", "minor"};
constexpr std::array<std::string_view, 3> amount_texts{"json", "point", "comma"};
constexpr std::array<std::string_view, 3> amount_roundings{"numbers", "all", "none"};
constexpr std::array<std::string_view, 4> refund_line_names{"refunded", "all", "ignore",
                                                            "without_amount"};
constexpr std::array<std::string_view, 7> presets{"cloudevents", "segment", "rudderstack", "ga4",
                                                  "flat",        "csv",     "cdnow"};

std::vector<std::string_view> field_names() {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < codec::field_count; ++i) {
    const std::string_view name = codec::name(static_cast<Field>(i));
    if (codec::field_named(name)) names.push_back(name);
  }
  return names;
}

std::vector<std::string_view> type_names() {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < event::type_count; ++i) {
    names.push_back(event::name(static_cast<event::Type>(i)));
  }
  return names;
}

/// A path, a list of paths, or a map {path, default} or {const}.
FieldSpec field_spec(Field field, const Value& value) {
  FieldSpec spec{field, {}, std::nullopt};
  if (value.node().kind != Node::Kind::map) {
    spec.paths = value.texts();
    return spec;
  }
  auto map = value.map();
  if (!map) return spec;
  spec.paths = map->texts("path");
  spec.fallback = map->text("default");
  if (auto constant = map->text("const")) {
    if (!spec.paths.empty() || spec.fallback) map->fault("'const' stands alone");
    spec.fallback = std::move(constant);
  }
  if (field == Field::time) {  // Read with the mapping.
    (void)map->get("format");
    (void)map->get("zone");
  }
  if (spec.paths.empty() && !spec.fallback) map->fault("needs 'path' or 'const'");
  map->finish();
  return spec;
}

std::vector<FieldSpec> field_specs(Map& map) {
  std::vector<FieldSpec> specs;
  for (const std::string& key : map.keys()) {
    const auto value = map.get(key);
    const auto field = codec::field_named(key);
    if (!field) {
      map.fault("unknown field '" + key + "'" + suggestion(key, field_names()));
    } else if (value) {
      specs.push_back(field_spec(*field, *value));
    }
  }
  return specs;
}

codec::TypeSpec type_spec(event::Type type, Map map) {
  codec::TypeSpec spec;
  spec.type = type;
  spec.names = map.texts("names");
  if (spec.names.empty()) map.fault("'names' lists what the type is called in the records");
  if (auto fields = map.map("fields")) spec.fields = field_specs(*fields);
  if (auto lines = map.map("lines")) {
    if (auto path = lines->text("path")) spec.lines_path = *path;
    if (spec.lines_path.empty()) lines->fault("needs 'path'");
    if (auto fields = lines->map("fields")) spec.line_fields = field_specs(*fields);
    lines->finish();
  }
  if (auto choice = map.choice("refund_lines", refund_line_names)) {
    spec.refund_lines = static_cast<codec::RefundLines>(*choice);
  }
  map.finish();
  return spec;
}

void read_types(Map& map, codec::MappingSpec& spec) {
  auto types = map.map("types");
  if (!types) return;
  for (const std::string& key : types->keys()) {
    const auto type = event::type_named(key);
    if (!type) {
      types->fault("unknown event type '" + key + "'" + suggestion(key, type_names()));
    } else if (auto inner = types->map(key)) {
      spec.types.push_back(type_spec(*type, std::move(*inner)));
    }
  }
}

void read_delimited(Map& map, codec::MappingSpec& spec) {
  auto delimited = map.map("delimited");
  if (!delimited) return;
  if (spec.format != codec::Format::delimited) delimited->fault("is only for format delimited");
  if (auto choice = delimited->choice("separator", separators)) {
    spec.separator = static_cast<codec::Separator>(*choice);
  }
  if (auto choice = delimited->choice("quoting", quotings)) {
    spec.quoting = static_cast<codec::Quoting>(*choice);
  }
  if (auto lines = delimited->integer("header_lines", 0, 1000)) {
    spec.header_lines = static_cast<std::uint32_t>(*lines);
  }
  spec.columns = delimited->texts("columns");
  delimited->finish();
}

void read_amounts(Map& map, codec::AmountFormat& amounts) {
  auto given = map.map("amounts");
  if (!given) return;
  if (auto choice = given->choice("unit", amount_units)) {
    amounts.unit = static_cast<codec::AmountFormat::Unit>(*choice);
  }
  if (auto choice = given->choice("decimal", amount_texts)) {
    amounts.text = static_cast<codec::AmountFormat::Text>(*choice);
  }
  if (auto choice = given->choice("rounding", amount_roundings)) {
    amounts.rounding = static_cast<codec::AmountFormat::Rounding>(*choice);
  }
  given->finish();
}

/// "UTC" or "+01:00", in minutes.
std::optional<int> zone_minutes(std::string_view text) {
  if (text == "UTC" || text == "Z") return 0;
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  const auto time = parse_rfc3339("2000-01-01T00:00:00" + std::string{text});
  if (!time) return std::nullopt;
  const auto east = EventTime{std::chrono::seconds{946'684'800}} - *time;
  return static_cast<int>(std::chrono::duration_cast<std::chrono::minutes>(east).count());
}

void read_times(Map& time, codec::TimeReading& times) {
  if (const auto format = time.get("format")) {
    times.ways.clear();
    for (const std::string& text : format->texts()) {
      const auto known = std::find(time_formats.begin(), time_formats.end(), text);
      if (known != time_formats.end()) {
        times.ways.push_back({static_cast<codec::TimeFormat>(known - time_formats.begin())});
      } else if (codec::is_time_pattern(text)) {
        times.ways.push_back({codec::TimeFormat::pattern, text});
      } else {
        format->fault("unknown time format '" + text + "'" + suggestion(text, time_formats) +
                      "; a pattern has %Y %y %m %b %d %H %M %S %z or %%");
      }
    }
    if (times.ways.empty()) times.ways.emplace_back();
  }
  if (const auto zone = time.get("zone")) {
    const auto text = zone->text();
    times.zone_minutes = text ? zone_minutes(*text) : std::nullopt;
    if (text && !times.zone_minutes) {
      zone->fault("'" + *text + "' is no offset: UTC, or as +01:00");
    }
  }
}

void read_envelope(Map& map, codec::MappingSpec& spec) {
  for (const Field field : {Field::id, Field::source, Field::type, Field::member, Field::time}) {
    const auto value =
        field == Field::source ? map.get(codec::name(field)) : map.require(codec::name(field));
    if (value) spec.envelope.push_back(field_spec(field, *value));
    if (value && field == Field::time && value->node().kind == Node::Kind::map) {
      auto time = value->map();
      read_times(*time, spec.times);
    }
  }
}

codec::MappingSpec read_spec(Map& map) {
  codec::MappingSpec spec;
  spec.name = map.text("mapping").value_or("");
  if (auto choice = map.choice("format", formats)) {
    spec.format = static_cast<codec::Format>(*choice);
  }
  read_envelope(map, spec);
  if (const auto value = map.get("currency")) {
    const auto code = value->text();
    const auto currency = code ? Currency::from_code(*code) : std::nullopt;
    if (currency) spec.default_currency = *currency;
    if (code && !currency) value->fault("'" + *code + "' is no ISO 4217 code");
  }
  if (const auto strict = map.boolean("strict")) spec.strict = *strict;
  if (spec.strict) spec.times.loose = false;
  read_amounts(map, spec.amounts);
  read_delimited(map, spec);
  read_types(map, spec);
  map.finish();
  return spec;
}

/// Of all that a document says: comments, blanks and quotes are gone.
std::uint64_t fingerprint_of(const Node& node) {
  std::uint64_t out = mix(hash64(node.text), static_cast<std::uint64_t>(node.kind));
  for (const Node& item : node.items) out = mix(out, fingerprint_of(item));
  for (const Node::Member& member : node.members) {
    out = mix(mix(out, hash64(member.key)), fingerprint_of(member.value));
  }
  return out;
}

Result<codec::Mapping> compile_document(const std::optional<Node>& root, Faults& faults) {
  std::optional<codec::MappingSpec> spec;
  if (root) {
    if (auto map = Value{*root, "", faults}.map()) spec = read_spec(*map);
  }
  if (!spec || !faults.empty()) return faults.error("mapping");
  Result<codec::Mapping> mapping = codec::compile(*spec);
  if (mapping) {
    mapping->fingerprint = fingerprint_of(*root);
    return mapping;
  }
  const std::string problems = mapping.error().detail;  // error() answers with a copy
  std::string_view rest = problems;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    faults.add(root->place, "", rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return faults.error("mapping");
}

Result<codec::Mapping> load_file(const std::string& file) {
  Faults faults{file};
  const std::optional<Node> root = read_yaml(file, faults);
  return compile_document(root, faults);
}

}  // namespace

std::span<const std::string_view> preset_names() { return presets; }

std::vector<std::string> config_directories() {
  std::vector<std::string> directories;
  if (const char* named = std::getenv("FEALTY_CONFIG_DIR"); named != nullptr && *named != '\0') {
    directories.emplace_back(named);
  }
  std::error_code error;
  const std::filesystem::path binary = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) directories.push_back(binary.parent_path().parent_path() / "share/fealty/config");
  directories.emplace_back(FEALTY_SOURCE_CONFIG_DIR);
  return directories;
}

Result<codec::Mapping> builtin_mapping(std::string_view name) {
  if (name == "cloudevents") return codec::cloudevents_mapping();
  std::string looked_in;
  for (const std::string& directory : config_directories()) {
    const std::string file = directory + "/mappings/" + std::string{name} + ".yaml";
    std::error_code error;
    if (std::filesystem::is_regular_file(file, error)) return load_file(file);
    looked_in += (looked_in.empty() ? "" : ", ") + directory + "/mappings";
  }
  return Error{Errc::invalid_config, "mapping",
               "no preset '" + std::string{name} + "'" + suggestion(name, presets) +
                   " (looked in " + looked_in + ")"};
}

Result<codec::Mapping> load_mapping(const std::string& file_or_preset) {
  const bool preset = file_or_preset.find_first_of("/.") == std::string::npos;
  return preset ? builtin_mapping(file_or_preset) : load_file(file_or_preset);
}

Result<codec::Mapping> parse_mapping(std::string_view text, const std::string& file) {
  Faults faults{file};
  const std::optional<Node> root = parse_yaml(text, faults);
  return compile_document(root, faults);
}

}  // namespace fealty::config
