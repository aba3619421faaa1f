#include "times.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "fealty/base/check.hpp"
#include "fealty/base/decimal.hpp"

namespace fealty::codec {
namespace {

constexpr std::size_t text_bytes_max = 64;  // of any time
constexpr std::int64_t day_ms = 86'400'000;

int digits(std::string_view text, std::size_t at, std::size_t width) {
  int value = 0;
  for (std::size_t i = at; i < at + width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

Result<EventTime> bounded(std::int64_t ms) {
  if (ms < event_time_ms_min || ms >= event_time_ms_end) return Error{Errc::out_of_range};
  return EventTime{std::chrono::milliseconds{ms}};
}

Result<EventTime> midnight(const Result<Day>& day, const TimeReading& reading) {
  if (!day) return day.error();
  return bounded(*day * day_ms - std::int64_t{reading.zone_minutes.value_or(0)} * 60'000);
}

/// "1.709291718E9", as some write their doubles.
Result<EventTime> count_by_exponent(std::string_view text, int finer) {
  constexpr int finer_max = 3;  // finer ones do not fit
  if (finer > finer_max) return Error{Errc::wrong_type};
  std::int64_t per_ms = 1;
  for (int i = 0; i < finer; ++i) per_ms *= 10;
  const auto units =
      parse_decimal(text, std::max(-finer, 0), event_time_ms_end * per_ms - 1, Rounding::half_even);
  if (!units) return units.error();
  return *units < 0 ? Result<EventTime>{Error{Errc::out_of_range}} : bounded(*units / per_ms);
}

/// A count of units of which 10^`finer` are a millisecond, or, where that is negative, one is
/// 10^-`finer` of them. What is finer than a millisecond is cut off, but must be digits.
Result<EventTime> count_of(std::string_view text, int finer) {
  const auto all_digits = [](std::string_view part) {
    return !part.empty() &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  const int scale = std::max(-finer, 0);
  if (text.find_first_of("eE") != std::string_view::npos) return count_by_exponent(text, finer);
  const std::size_t point = text.find('.');
  if (point != std::string_view::npos) {
    const std::string_view fraction = text.substr(point + 1);
    if (!all_digits(fraction)) return Error{Errc::wrong_type};
    const auto keep = std::min(static_cast<std::size_t>(scale), fraction.size());
    text = text.substr(0, keep == 0 ? point : point + 1 + keep);
  }
  if (finer > 0) {
    if (text.starts_with('-') && all_digits(text.substr(1))) return Error{Errc::out_of_range};
    if (!all_digits(text)) return Error{Errc::wrong_type};
    const auto cut = static_cast<std::size_t>(finer);
    text = text.size() > cut ? text.substr(0, text.size() - cut) : std::string_view{"0"};
  }
  const auto ms = parse_decimal(text, scale, event_time_ms_end);
  if (!ms) return ms.error();
  return *ms < 0 ? Result<EventTime>{Error{Errc::out_of_range}} : bounded(*ms);
}

/// Days since 1899-12-30, as spreadsheets count.
Result<EventTime> excel(std::string_view text, const TimeReading& reading) {
  constexpr int scale = 9;
  constexpr std::int64_t unit_per_day = 1'000'000'000;
  constexpr std::int64_t days_to_1970 = 25'569;
  const auto units = parse_decimal(text, scale, 4'000'000 * unit_per_day, Rounding::half_even);
  if (!units) return units.error();
  const std::int64_t days = *units / unit_per_day, rest = *units % unit_per_day;
  // A day's fraction is as exact as a double: seconds, not milliseconds.
  const std::int64_t seconds = (rest * 86'400 + unit_per_day / 2) / unit_per_day;
  return bounded((days - days_to_1970) * day_ms + seconds * 1000 -
                 std::int64_t{reading.zone_minutes.value_or(0)} * 60'000);
}

/// What a pattern has read.
struct Civil {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  std::optional<int> zone_minutes{};
};

constexpr std::string_view conversions = "YymdHMSbz%";
constexpr std::array<std::string_view, 12> months{"jan", "feb", "mar", "apr", "may", "jun",
                                                  "jul", "aug", "sep", "oct", "nov", "dec"};

/// One to `width` digits, all of them where they must be; -1 where there are none or the number is
/// none of these.
int take_number(std::string_view& text, std::size_t width, bool all, int min, int max) {
  int value = 0;
  std::size_t size = 0;
  for (; size < std::min(width, text.size()) && text[size] >= '0' && text[size] <= '9'; ++size) {
    value = value * 10 + (text[size] - '0');
  }
  if (size == 0 || (all && size < width) || value < min || value > max) return -1;
  text.remove_prefix(size);
  return value;
}

int take_month(std::string_view& text) {
  constexpr std::size_t size = 3;
  if (text.size() < size) return -1;
  std::array<char, size> lower{};
  std::transform(text.begin(), text.begin() + size, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const auto found = std::find(months.begin(), months.end(), std::string_view{lower.data(), size});
  if (found == months.end()) return -1;
  text.remove_prefix(size);
  return static_cast<int>(found - months.begin()) + 1;
}

/// "Z", "+0130", "+01:30".
std::optional<int> take_zone(std::string_view& text) {
  if (text.starts_with('Z')) {
    text.remove_prefix(1);
    return 0;
  }
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const int hours = take_number(text, 2, true, 0, 23);
  if (text.starts_with(':')) text.remove_prefix(1);
  const int minutes = take_number(text, 2, true, 0, 59);
  if (hours < 0 || minutes < 0) return std::nullopt;
  return sign * (hours * 60 + minutes);
}

/// What a conversion stands for, from the front of the text; false where that is something else.
bool take(char conversion, std::string_view& text, Civil& out) {
  const auto number = [&text](std::size_t width, bool all, int min, int max, int& to) {
    to = take_number(text, width, all, min, max);
    return to >= 0;
  };
  switch (conversion) {
    case 'Y':
      return number(4, true, 0, 9999, out.year);
    case 'y':
      if (!number(2, true, 0, 99, out.year)) return false;
      out.year += out.year < 69 ? 2000 : 1900;
      return true;
    case 'm':
      return number(2, false, 1, 12, out.month);
    case 'b':
      return (out.month = take_month(text)) >= 0;
    case 'd':
      return number(2, false, 1, 31, out.day);
    case 'H':
      return number(2, false, 0, 23, out.hour);
    case 'M':
      return number(2, false, 0, 59, out.minute);
    case 'S':
      return number(2, false, 0, 59, out.second);
    case 'z':
      return (out.zone_minutes = take_zone(text)).has_value();
    default:
      if (!text.starts_with('%')) return false;
      text.remove_prefix(1);
      return true;
  }
}

Result<EventTime> by_pattern(std::string_view text, std::string_view pattern,
                             const TimeReading& reading) {
  Civil read;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '%') {
      if (!take(pattern[++i], text, read)) return Error{Errc::wrong_type};
    } else if (text.starts_with(pattern[i])) {
      text.remove_prefix(1);
    } else {
      return Error{Errc::wrong_type};
    }
  }
  if (!text.empty()) return Error{Errc::wrong_type};
  const auto day =
      day_from_civil(read.year, static_cast<unsigned>(read.month), static_cast<unsigned>(read.day));
  if (!day) return Error{Errc::wrong_type};
  const int zone_minutes = read.zone_minutes.value_or(reading.zone_minutes.value_or(0));
  const std::int64_t minutes = std::int64_t{read.hour} * 60 + read.minute - zone_minutes;
  return bounded(*day * day_ms + (minutes * 60 + read.second) * 1000);
}

/// What is appended is bounded by text_bytes_max and a few more.
class Text {
 public:
  Text& add(std::string_view part) {
    size_ += part.copy(bytes_.data() + size_, bytes_.size() - size_);
    return *this;
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, text_bytes_max + 16> bytes_{};
  std::size_t size_ = 0;
};

/// "+0530", "+05", " UTC", and so on, as RFC 3339 has it; false where it is none of these.
bool add_zone(std::string_view zone, const TimeReading& reading, Text& out) {
  if (zone.starts_with(' ')) zone.remove_prefix(1);
  if (zone.empty()) {
    if (!reading.zone_minutes) return false;
    const int minutes = std::abs(*reading.zone_minutes);
    const std::array<char, 6> text{
        *reading.zone_minutes < 0 ? '-' : '+',      static_cast<char>('0' + minutes / 600),
        static_cast<char>('0' + minutes / 60 % 10), ':',
        static_cast<char>('0' + minutes % 60 / 10), static_cast<char>('0' + minutes % 10)};
    out.add({text.data(), text.size()});
    return true;
  }
  for (const std::string_view utc : {"Z", "z", "UTC", "utc", "GMT"}) {
    if (zone != utc) continue;
    out.add("Z");
    return true;
  }
  if (zone.front() != '+' && zone.front() != '-') return false;
  const bool colon = zone.size() == 6 && zone[3] == ':';
  if (!colon && zone.size() != 5 && zone.size() != 3) return false;
  out.add(zone.substr(0, 3)).add(":");
  out.add(zone.size() == 3 ? "00" : zone.substr(zone.size() - 2));
  return true;
}

Result<EventTime> rfc3339(std::string_view text, const TimeReading& reading) {
  auto strictly = parse_rfc3339(text);
  if (strictly || strictly.error().code != Errc::wrong_type || !reading.loose) return strictly;
  constexpr std::size_t minutes_end = 16;  // "2024-03-22T16:28"
  if (text.size() < minutes_end) return strictly;
  Text plain;
  plain.add(text.substr(0, minutes_end));
  std::string_view rest = text.substr(minutes_end);
  if (rest.size() >= 3 && rest[0] == ':') {
    plain.add(rest.substr(0, 3));
    rest.remove_prefix(3);
  } else {
    plain.add(":00");
  }
  if (rest.size() > 1 && (rest[0] == '.' || rest[0] == ',') && rest[1] >= '0' && rest[1] <= '9') {
    const std::size_t end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    plain.add(".").add(rest.substr(1, end - 1));
    rest.remove_prefix(end);
  }
  if (!add_zone(rest, reading, plain)) return strictly;
  return parse_rfc3339(plain.view());
}

Result<EventTime> by(std::string_view text, const TimeReading::Way& way,
                     const TimeReading& reading) {
  switch (way.format) {
    case TimeFormat::rfc3339:
      return rfc3339(text, reading);
    case TimeFormat::unix_s:
      return count_of(text, -3);
    case TimeFormat::unix_ms:
      return count_of(text, 0);
    case TimeFormat::unix_us:
      return count_of(text, 3);
    case TimeFormat::unix_ns:
      return count_of(text, 6);
    case TimeFormat::yyyymmdd:
      return midnight(read_day(text, false), reading);
    case TimeFormat::iso_date:
      return midnight(read_day(text, true), reading);
    case TimeFormat::excel:
      return excel(text, reading);
    case TimeFormat::pattern:
      return by_pattern(text, way.pattern, reading);
  }
  check_failed("a time format without a reader", __FILE__, __LINE__);
}

}  // namespace

bool is_time_pattern(std::string_view text) {
  bool any = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (++i == text.size() || conversions.find(text[i]) == std::string_view::npos) return false;
    any = true;
  }
  return any;
}

Result<Day> read_day(std::string_view text, bool dashes) {
  const std::size_t gap = dashes ? 1 : 0;
  if (text.size() != 8 + 2 * gap) return Error{Errc::wrong_type};
  if (dashes && (text[4] != '-' || text[7] != '-')) return Error{Errc::wrong_type};
  const int year = digits(text, 0, 4);
  const int month = digits(text, 4 + gap, 2);
  const int day = digits(text, 6 + 2 * gap, 2);
  if (year < 0 || month < 0 || day < 0) return Error{Errc::wrong_type};
  return day_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
}

Result<EventTime> read_time(std::string_view text, const TimeReading& reading) {
  if (text.size() > text_bytes_max) return Error{Errc::wrong_type};
  Result<EventTime> first = by(text, reading.ways.front(), reading);
  for (std::size_t i = 1; !first && i < reading.ways.size(); ++i) {
    auto other = by(text, reading.ways[i], reading);
    if (other) return other;
  }
  return first;
}

}  // namespace fealty::codec
