#include "fealty/base/time.hpp"

#include <array>
#include <cstring>
#include <optional>

#include "fealty/base/check.hpp"

namespace fealty {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

/// Days since the epoch of a date that exists. Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms".
constexpr Day days_of(std::int32_t year, unsigned month, unsigned day) {
  const std::int32_t y = year - (month <= 2 ? 1 : 0);
  const std::int32_t era = (y >= 0 ? y : y - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(y - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<std::int32_t>(day_of_era) - 719'468;
}

struct Civil {
  std::int32_t year;
  unsigned month, day;
};

constexpr Civil civil_of(Day days) {
  const std::int32_t z = days + 719'468;
  const std::int32_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(z - era * 146'097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned mp = (5 * day_of_year + 2) / 153;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  const auto year = static_cast<std::int32_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0);
  return {year, month, day_of_year - (153 * mp + 2) / 5 + 1};
}

constexpr unsigned days_in(std::int32_t year, unsigned month) {
  constexpr unsigned char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : lengths[month - 1];
}

static_assert(days_of(1970, 1, 1) == 0 && days_of(2100, 1, 1) == event_time_ms_end / day_ms);

/// Two digits at `at`; over 99 where they are none.
unsigned two_digits(const char* at) {
  const unsigned high = static_cast<unsigned char>(at[0]) - unsigned{'0'};
  const unsigned low = static_cast<unsigned char>(at[1]) - unsigned{'0'};
  return high <= 9 && low <= 9 ? 10 * high + low : 100;
}

/// The date of a text that begins as "2026-11-22"; nullopt where it does not, or there is none.
std::optional<Day> date_at(const char* at) {
  const unsigned century = two_digits(at), rest = two_digits(at + 2);
  const unsigned month = two_digits(at + 5), day = two_digits(at + 8);
  if (century > 99 || rest > 99 || at[4] != '-' || at[7] != '-' || month < 1 || month > 12 ||
      day < 1)
    return std::nullopt;
  const auto year = static_cast<std::int32_t>(100 * century + rest);
  if (day > days_in(year, month)) return std::nullopt;
  return days_of(year, month, day);
}

/// Reads ".123456" at `at`, cut to milliseconds, and moves `at` behind it; -1 where no digit
/// follows.
int take_fraction_ms(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] != '.') return 0;
  const std::size_t first = ++at;
  int ms = 0;
  int weight = 100;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, weight /= 10) {
    ms += (text[at] - '0') * weight;
  }
  return at == first ? -1 : ms;
}

/// Reads "Z" or "+hh:mm", which must end the text; false where it is neither. `minutes` east.
bool take_offset(std::string_view text, std::size_t at, int& minutes) {
  if (at >= text.size()) return false;
  if (text[at] == 'Z' || text[at] == 'z') {
    minutes = 0;
    return at + 1 == text.size();
  }
  if ((text[at] != '+' && text[at] != '-') || text.size() != at + 6 || text[at + 3] != ':') {
    return false;
  }
  const unsigned hours = two_digits(&text[at + 1]), rest = two_digits(&text[at + 4]);
  if (hours > 23 || rest > 59) return false;
  minutes = static_cast<int>(hours * 60 + rest) * (text[at] == '-' ? -1 : 1);
  return true;
}

constexpr auto digit_pairs = [] {
  std::array<std::array<char, 2>, 100> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  }
  return pairs;
}();

char* write_two(unsigned value, char* out) {
  std::memcpy(out, digit_pairs[value].data(), 2);
  return out + 2;
}

}  // namespace

std::int32_t year_of(Day day) { return civil_of(day).year; }

Day first_day_of(std::int32_t year) { return days_of(year, 1, 1); }

Result<Day> day_from_civil(std::int32_t year, unsigned month, unsigned day) {
  if (year < -9999 || year > 9999 || month < 1 || month > 12) return Error{Errc::out_of_range};
  if (day < 1 || day > days_in(year, month)) return Error{Errc::out_of_range};
  return days_of(year, month, day);
}

Result<EventTime> parse_rfc3339(std::string_view text) {
  constexpr std::size_t fraction_at = 19;  // "2026-11-22T13:16:00"
  if (text.size() <= fraction_at) return Error{Errc::wrong_type};
  const char* const at = text.data();
  const std::optional<Day> day = date_at(at);
  const unsigned hour = two_digits(at + 11), minute = two_digits(at + 14);
  const unsigned second = two_digits(at + 17);
  const bool separated =
      (at[10] == 'T' || at[10] == 't' || at[10] == ' ') && at[13] == ':' && at[16] == ':';
  if (!day || !separated || hour > 23 || minute > 59 || second > 60) return Error{Errc::wrong_type};
  std::size_t rest = fraction_at;
  int ms = take_fraction_ms(text, rest);
  int offset_minutes = 0;
  if (ms < 0 || !take_offset(text, rest, offset_minutes)) return Error{Errc::wrong_type};
  const bool leap_second = second == 60;
  if (leap_second) ms = 999;
  const std::int64_t seconds = std::int64_t{hour} * 3600 + std::int64_t{minute} * 60 +
                               (leap_second ? 59 : second) - std::int64_t{offset_minutes} * 60;
  const std::int64_t total = *day * day_ms + seconds * 1000 + ms;
  if (total < event_time_ms_min || total >= event_time_ms_end) return Error{Errc::out_of_range};
  return EventTime{std::chrono::milliseconds{total}};
}

std::size_t write_iso_date(Day day, char* out) {
  const Civil date = civil_of(day);
  check(date.year >= 0 && date.year <= 9999, "a written date has a year of four digits");
  const auto year = static_cast<unsigned>(date.year);
  char* at = write_two(year % 100, write_two(year / 100, out));
  *at++ = '-';
  at = write_two(date.month, at);
  *at++ = '-';
  at = write_two(date.day, at);
  return static_cast<std::size_t>(at - out);
}

std::size_t write_rfc3339(EventTime time, char* out) {
  const Day day = day_of(time);
  const auto rest = static_cast<unsigned>((time - start_of(day)).count());
  char* at = out + write_iso_date(day, out);
  *at++ = 'T';
  at = write_two(rest / 3'600'000, at);
  *at++ = ':';
  at = write_two(rest / 60'000 % 60, at);
  *at++ = ':';
  at = write_two(rest / 1000 % 60, at);
  if (rest % 1000 != 0) {
    *at++ = '.';
    *at++ = static_cast<char>('0' + rest % 1000 / 100);
    at = write_two(rest % 100, at);
  }
  *at++ = 'Z';
  return static_cast<std::size_t>(at - out);
}

std::string to_rfc3339(EventTime time) {
  char text[24];
  return {text, write_rfc3339(time, text)};
}

std::string to_iso_date(Day day) {
  char text[10];
  return {text, write_iso_date(day, text)};
}

}  // namespace fealty
