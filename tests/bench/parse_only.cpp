#include <simdjson.h>

#include <cstring>

#include "measures.hpp"

namespace fealty::bench {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(LogFile::padding_bytes >= simdjson::SIMDJSON_PADDING);

simdjson::error_code read(ondemand::value value, std::uint64_t& checksum);

simdjson::error_code read(ondemand::object object, std::uint64_t& checksum) {
  for (auto field : object) {
    ondemand::raw_json_string key;
    if (auto error = field.key().get(key)) return error;
    checksum += static_cast<unsigned char>(*key.raw());
    ondemand::value value;
    if (auto error = field.value().get(value)) return error;
    if (auto error = read(value, checksum)) return error;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code read(ondemand::array array, std::uint64_t& checksum) {
  for (auto element : array) {
    ondemand::value value;
    if (auto error = element.get(value)) return error;
    if (auto error = read(value, checksum)) return error;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code read(ondemand::value value, std::uint64_t& checksum) {
  ondemand::json_type type{};
  if (auto error = value.type().get(type)) return error;
  switch (type) {
    case ondemand::json_type::object: {
      ondemand::object object;
      if (auto error = value.get_object().get(object)) return error;
      return read(object, checksum);
    }
    case ondemand::json_type::array: {
      ondemand::array array;
      if (auto error = value.get_array().get(array)) return error;
      return read(array, checksum);
    }
    case ondemand::json_type::number: {
      double number = 0;
      if (auto error = value.get_double().get(number)) return error;
      std::uint64_t bits = 0;
      std::memcpy(&bits, &number, sizeof bits);
      checksum += bits;
      return simdjson::SUCCESS;
    }
    case ondemand::json_type::string: {
      std::string_view text;
      if (auto error = value.get_string().get(text)) return error;
      checksum += text.size() + (text.empty() ? 0U : static_cast<unsigned char>(text.back()));
      return simdjson::SUCCESS;
    }
    case ondemand::json_type::boolean: {
      bool flag = false;
      if (auto error = value.get_bool().get(flag)) return error;
      checksum += flag ? 1U : 0U;
      return simdjson::SUCCESS;
    }
    case ondemand::json_type::null:
      return value.is_null() ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
  }
  return simdjson::INCORRECT_TYPE;
}

}  // namespace

Pass parse_only(const LogFile& log) {
  ondemand::parser parser;
  Pass pass;
  const char* const end = log.bytes.data() + log.bytes.size();
  const Timer timer;
  for (const std::string_view line : log.lines) {
    ondemand::document document;
    ondemand::object object;
    auto error =
        parser.iterate(line.data(), line.size(), static_cast<std::size_t>(end - line.data()))
            .get(document);
    if (!error) error = document.get_object().get(object);
    if (!error) error = read(object, pass.checksum);
    if (error) ++pass.refused;
  }
  timer.stop(pass);
  pass.events = log.lines.size();
  return pass;
}

std::string_view simdjson_kernel() {
  static const std::string name = simdjson::get_active_implementation()->name();
  return name;
}
std::string_view simdjson_compiled_kernel() {
  static const std::string name = simdjson::builtin_implementation()->name();
  return name;
}

}  // namespace fealty::bench
