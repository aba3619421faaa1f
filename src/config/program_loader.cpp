#include "fealty/config/program_loader.hpp"

#include <algorithm>

#include "fealty/base/hash.hpp"
#include "fealty/config/yaml.hpp"
#include "program_sections.hpp"

namespace fealty::config {
namespace {

/// "+02:00" -> 7200.
std::optional<std::int32_t> read_utc_offset(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  const auto digit = [&](std::size_t i) { return (*text)[i] >= '0' && (*text)[i] <= '9'; };
  const auto two = [&](std::size_t i) { return ((*text)[i] - '0') * 10 + (*text)[i + 1] - '0'; };
  if (*text == "Z") return 0;
  if (text->size() == 6 && ((*text)[0] == '+' || (*text)[0] == '-') && digit(1) && digit(2) &&
      (*text)[3] == ':' && digit(4) && digit(5) && two(1) <= 14 && two(4) <= 59) {
    const std::int32_t seconds = two(1) * 3600 + two(4) * 60;
    return (*text)[0] == '-' ? -seconds : seconds;
  }
  value.fault("must be an offset such as +02:00");
  return std::nullopt;
}

/// The day that begins at this instant: a generation comes into force at midnight.
Day read_valid_from(const Value& value, std::int32_t utc_offset_s) {
  const auto text = value.text();
  if (!text) return program::always;
  const auto time = parse_rfc3339(*text);
  if (!time) {
    value.fault("must be a time such as 2026-01-01T00:00:00+01:00");
    return program::always;
  }
  const Day day = day_of(*time, utc_offset_s);
  if (start_of(day, utc_offset_s) != *time) {
    value.fault("must be a midnight at the program's utc_offset, such as " +
                to_rfc3339(start_of(day + 1, utc_offset_s)));
  }
  return day;
}

void read_identity(Map& root, program::Program& program) {
  const auto section = root.require("program");
  auto map = section ? section->map() : std::nullopt;
  if (!map) return;
  if (const auto id = map->require("id")) program.id = identifier(*id).value_or("");
  if (const auto version = map->require("version")) {
    program.version = static_cast<std::uint32_t>(version->integer(1, 1'000'000'000).value_or(0));
  }
  if (const auto currency = map->require("currency")) {
    if (const auto code = currency->text()) {
      const auto known = Currency::from_code(*code);
      if (!known) currency->fault("unknown currency '" + *code + "', an ISO 4217 code such as EUR");
      program.currency = known.value_or(Currency{});
    }
  }
  if (const auto offset = map->get("utc_offset")) {
    program.utc_offset_s = read_utc_offset(*offset).value_or(0);
  }
  if (const auto from = map->get("valid_from")) {
    program.valid_from = read_valid_from(*from, program.utc_offset_s);
  }
  map->finish();
}

Result<LoadedProgram> build(const std::optional<Node>& root, Faults& faults) {
  LoadedProgram loaded;
  if (root) {
    const Value value{*root, "", faults};
    if (auto map = value.map()) {
      read_identity(*map, loaded.program);
      read_earn(*map, loaded.program);
      read_levels(*map, loaded.program);
      read_policies(*map, loaded.program);
      map->finish();
    }
  }
  if (!faults.empty()) return faults.error("program");
  loaded.canonical_text = canonical(loaded.program);
  loaded.program.fingerprint = hash64(loaded.canonical_text);
  return loaded;
}

}  // namespace

std::optional<std::string> identifier(const Value& value) {
  auto text = value.text();
  if (!text) return std::nullopt;
  const bool plain = std::all_of(text->begin(), text->end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
  if (plain && text->size() <= 64) return text;
  value.fault("must be at most 64 of a-z A-Z 0-9 _ - .");
  return std::nullopt;
}

Result<LoadedProgram> load_program(const std::string& file) {
  Faults faults{file};
  return build(read_yaml(file, faults), faults);
}

Result<LoadedProgram> parse_program(std::string_view text, const std::string& file) {
  Faults faults{file};
  return build(parse_yaml(text, faults), faults);
}

}  // namespace fealty::config
