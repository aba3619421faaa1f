#include "fealty/log/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <iterator>
#include <memory>

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

bool plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c == '"' || c == '=') return false;
  }
  return true;
}

void write(spdlog::level::level_enum level, std::string_view event,
           std::initializer_list<Field> fields) {
  if (!logger().should_log(level)) return;
  auto line = fmt::format("event={}", event);
  for (const Field& field : fields) {
    std::visit(
        [&](const auto& value) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string_view>) {
            if (!plain(value)) {
              fmt::format_to(std::back_inserter(line), " {}=\"", field.key);
              for (const char c : value) {
                if (c == '"' || c == '\\') line += '\\';
                line += c == '\n' ? ' ' : c;
              }
              line += '"';
              return;
            }
          }
          fmt::format_to(std::back_inserter(line), " {}={}", field.key, value);
        },
        field.value);
  }
  logger().log(level, "{}", line);
}

}  // namespace

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
