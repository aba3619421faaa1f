#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "fealty/base/result.hpp"

namespace fealty {

/// Milliseconds since the Unix epoch, UTC, stamped by the producer; never this machine's clock.
using EventTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Days since 1970-01-01 in the program's zone. The unit of churn, levels and timers.
using Day = std::int32_t;
/// "Never": later than any day that an accepted event time can have.
inline constexpr Day no_day = 2'000'000'000;

/// Accepted event times: [1970-01-01, 2100-01-01). Outside, decode answers out_of_range.
inline constexpr std::int64_t event_time_ms_min = 0;
inline constexpr std::int64_t event_time_ms_end = 4'102'444'800'000;

/// The day of `time` at a fixed `utc_offset` (seconds east of Greenwich).
constexpr Day day_of(EventTime time, std::int32_t utc_offset_s = 0) {
  const std::int64_t ms = time.time_since_epoch().count() + std::int64_t{utc_offset_s} * 1000;
  const std::int64_t day_ms = 86'400'000;
  return static_cast<Day>(ms >= 0 ? ms / day_ms : -((-ms + day_ms - 1) / day_ms));
}
/// The first instant of `day` at a fixed `utc_offset`.
constexpr EventTime start_of(Day day, std::int32_t utc_offset_s = 0) {
  return EventTime{std::chrono::milliseconds{std::int64_t{day} * 86'400'000 -
                                             std::int64_t{utc_offset_s} * 1000}};
}

/// The proleptic Gregorian year that `day` lies in, and the first day of a year.
std::int32_t year_of(Day day);
Day first_day_of(std::int32_t year);
/// Days since the epoch of a civil date, or out_of_range where there is no such date.
Result<Day> day_from_civil(std::int32_t year, unsigned month, unsigned day);

/// RFC 3339 ("2026-11-22T13:16:00.123Z", any offset, "T" or a space, lower case allowed; digits past
/// milliseconds are cut off; a leap second :60 counts as :59.999). wrong_type where it is no such text,
/// out_of_range outside the accepted event times. Does not allocate.
Result<EventTime> parse_rfc3339(std::string_view text);

/// Writes "2026-11-22T13:16:00.123Z" (24 characters; ".123" left out when zero, then 20) to `out`,
/// which must hold 24; returns the length.
std::size_t write_rfc3339(EventTime time, char* out);
std::string to_rfc3339(EventTime time);
/// Writes "2026-11-22" to `out`, which must hold its 10 characters; returns their number. The year
/// has four digits.
std::size_t write_iso_date(Day day, char* out);
std::string to_iso_date(Day day);

}  // namespace fealty
