#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fealty::codec {

/// One way to write a time. Unix times count from 1970 in the unit named, as numbers or texts, and
/// may have decimals; what is finer than a millisecond is cut off. `excel`: days since 1899-12-30,
/// with decimals. `pattern`: what strptime(3) knows as %Y %y %m %b %d %H %M %S %z and %%; all else
/// stands for itself.
enum class TimeFormat : std::uint8_t {
  rfc3339,
  unix_s,
  unix_ms,
  unix_us,
  unix_ns,
  yyyymmdd,
  iso_date,
  excel,
  pattern,
};

/// How a mapping says that times are written: the first of these ways that fits counts.
struct TimeReading {
  struct Way {
    TimeFormat format = TimeFormat::rfc3339;
    std::string pattern{};
  };
  std::vector<Way> ways = std::vector<Way>(1);
  /// What a time that names no zone is taken for, in minutes east of UTC; a date is midnight there.
  /// Not given: dates and patterns are UTC, and a time of RFC 3339 without a zone is none.
  std::optional<int> zone_minutes{};
  /// Whether RFC 3339 may be left in the ways that are common: "2024-03-22 19:28", "+0530", " UTC".
  bool loose = true;
};

/// Whether it is a pattern of these, with one conversion at least.
bool is_time_pattern(std::string_view text);

}  // namespace fealty::codec
