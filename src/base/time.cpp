#include "fealty/base/time.hpp"

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

/// `width` digits at `text[at]`, or -1.
int number_at(std::string_view text, std::size_t at, std::size_t width) {
  if (at + width > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + width; ++i) {
    const auto digit = static_cast<unsigned char>(text[i] - '0');
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
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
  const int hours = number_at(text, at + 1, 2);
  const int rest = number_at(text, at + 4, 2);
  if (hours < 0 || hours > 23 || rest < 0 || rest > 59) return false;
  minutes = (hours * 60 + rest) * (text[at] == '-' ? -1 : 1);
  return true;
}

char* write_digits(int value, int width, char* out) {
  for (int i = width - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + width;
}

char* write_date(Day day, char* out) {
  const Civil date = civil_of(day);
  check(date.year >= 0 && date.year <= 9999, "a written date has a year of four digits");
  out = write_digits(date.year, 4, out);
  *out++ = '-';
  out = write_digits(static_cast<int>(date.month), 2, out);
  *out++ = '-';
  return write_digits(static_cast<int>(date.day), 2, out);
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
  const int year = number_at(text, 0, 4);
  const int month = number_at(text, 5, 2);
  const int day = number_at(text, 8, 2);
  const int hour = number_at(text, 11, 2);
  const int minute = number_at(text, 14, 2);
  const int second = number_at(text, 17, 2);
  if ((year | month | day | hour | minute | second) < 0) return Error{Errc::wrong_type};
  const char separator = text[10];
  if (text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':' ||
      (separator != 'T' && separator != 't' && separator != ' ')) {
    return Error{Errc::wrong_type};
  }
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60 ||
      static_cast<unsigned>(day) > days_in(year, static_cast<unsigned>(month))) {
    return Error{Errc::wrong_type};
  }
  std::size_t at = 19;
  int ms = take_fraction_ms(text, at);
  int offset_minutes = 0;
  if (ms < 0 || !take_offset(text, at, offset_minutes)) return Error{Errc::wrong_type};
  const bool leap_second = second == 60;
  if (leap_second) ms = 999;
  const std::int64_t seconds = std::int64_t{hour} * 3600 + minute * 60 +
                               (leap_second ? 59 : second) - std::int64_t{offset_minutes} * 60;
  const std::int64_t days = days_of(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  const std::int64_t total = days * day_ms + seconds * 1000 + ms;
  if (total < event_time_ms_min || total >= event_time_ms_end) return Error{Errc::out_of_range};
  return EventTime{std::chrono::milliseconds{total}};
}

std::size_t write_rfc3339(EventTime time, char* out) {
  const Day day = day_of(time);
  const auto rest = static_cast<int>((time - start_of(day)).count());
  char* at = write_date(day, out);
  *at++ = 'T';
  at = write_digits(rest / 3'600'000, 2, at);
  *at++ = ':';
  at = write_digits(rest / 60'000 % 60, 2, at);
  *at++ = ':';
  at = write_digits(rest / 1000 % 60, 2, at);
  if (rest % 1000 != 0) {
    *at++ = '.';
    at = write_digits(rest % 1000, 3, at);
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
  return {text, static_cast<std::size_t>(write_date(day, text) - text)};
}

}  // namespace fealty
