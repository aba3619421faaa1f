#include "fealty/log/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <iterator>
#include <memory>

#include "fealty/base/printable.hpp"

namespace fealty::log {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = spdlog::stderr_logger_mt("fealty");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    return made;
  }();
  return *instance;
}

/// A value that needs no quotes: there is nothing in it to take for the end of the value.
bool plain(std::string_view text) {
  return !text.empty() && text.find_first_of(" \"=") == std::string_view::npos;
}

void append_text(std::string& out, std::string_view text) {
  // Backslashes first: those that printable() adds then stand alone.
  std::string quoted;
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  const std::string shown = printable(quoted);
  if (plain(text) && shown == quoted) {
    out += text;
  } else {
    out.append("\"").append(shown).append("\"");
  }
}

std::string& thread_tag() {
  thread_local std::string tag;
  return tag;
}

void write(spdlog::level::level_enum level, std::string_view event,
           std::initializer_list<Field> fields) {
  if (logger().should_log(level)) logger().log(level, "{}{}", line(event, fields), thread_tag());
}

}  // namespace

std::string line(std::string_view event, std::initializer_list<Field> fields) {
  auto out = fmt::format("event={}", event);
  for (const Field& field : fields) {
    out.append(" ").append(field.key).append("=");
    std::visit(
        [&](const auto& value) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string_view>) {
            append_text(out, value);
          } else {
            fmt::format_to(std::back_inserter(out), "{}", value);
          }
        },
        field.value);
  }
  return out;
}

void tag_thread(std::string_view key, std::uint32_t value) {
  thread_tag() = fmt::format(" {}={}", key, value);
}

void set_level(Level level) {
  constexpr spdlog::level::level_enum levels[]{spdlog::level::debug, spdlog::level::info,
                                               spdlog::level::warn, spdlog::level::err,
                                               spdlog::level::off};
  logger().set_level(levels[static_cast<std::size_t>(level)]);
}

void debug(std::string_view event, std::initializer_list<Field> fields) {
  write(spdlog::level::debug, event, fields);
}
void info(std::string_view event, std::initializer_list<Field> fields) {
  write(spdlog::level::info, event, fields);
}
void warn(std::string_view event, std::initializer_list<Field> fields) {
  write(spdlog::level::warn, event, fields);
}
void error(std::string_view event, std::initializer_list<Field> fields) {
  write(spdlog::level::err, event, fields);
}

}  // namespace fealty::log
