#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

/// The one way to log: one line, one event, to stderr: a dotted name, then key=value. Units live in
/// the key (took_us). Only runtime, adapters, serve and cli log. Thread-safe.
/// Values may hold what somebody else wrote: none can end the line or begin another field.
namespace fealty::log {

struct Field {
  std::string_view key;
  std::variant<std::int64_t, std::uint64_t, double, std::string_view> value;
  Field(std::string_view k, std::int64_t v) : key{k}, value{v} {}
  Field(std::string_view k, int v) : key{k}, value{std::int64_t{v}} {}
  Field(std::string_view k, std::uint64_t v) : key{k}, value{v} {}
  Field(std::string_view k, std::uint32_t v) : key{k}, value{std::uint64_t{v}} {}
  Field(std::string_view k, double v) : key{k}, value{v} {}
  Field(std::string_view k, std::string_view v) : key{k}, value{v} {}
  Field(std::string_view k, const char* v) : key{k}, value{std::string_view{v}} {}
  Field(std::string_view k, const std::string& v) : key{k}, value{std::string_view{v}} {}
};

enum class Level : std::uint8_t { debug, info, warn, error, off };
/// Lines below `level` are not written. Default: info.
void set_level(Level level);

/// "event=a.b key=value key="two words"". A value in quotes has \" and \\ for those two, and is
/// otherwise as printable() shows it; one without holds no space, quote, `=` or anything to escape.
std::string line(std::string_view event, std::initializer_list<Field> fields);

/// Lines of this thread end in this field from here on: which of several workers they are of.
void tag_thread(std::string_view key, std::uint32_t value);

void debug(std::string_view event, std::initializer_list<Field> fields = {});
void info(std::string_view event, std::initializer_list<Field> fields = {});
void warn(std::string_view event, std::initializer_list<Field> fields = {});
void error(std::string_view event, std::initializer_list<Field> fields = {});

}  // namespace fealty::log
