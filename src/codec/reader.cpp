#include "reader.hpp"

#include <algorithm>
#include <charconv>

#include "fealty/base/decimal.hpp"

namespace fealty::codec {
namespace {

bool is_whole_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int digits(std::string_view text, std::size_t at, std::size_t width) {
  int value = 0;
  for (std::size_t i = at; i < at + width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

/// "19970131" or, with dashes, "1997-01-31".
Result<Day> parse_day(std::string_view text, bool dashes) {
  const std::size_t gap = dashes ? 1 : 0;
  if (text.size() != 8 + 2 * gap) return Error{Errc::wrong_type};
  if (dashes && (text[4] != '-' || text[7] != '-')) return Error{Errc::wrong_type};
  const int year = digits(text, 0, 4);
  const int month = digits(text, 4 + gap, 2);
  const int day = digits(text, 6 + 2 * gap, 2);
  if (year < 0 || month < 0 || day < 0) return Error{Errc::wrong_type};
  return day_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
}

Result<EventTime> midnight(Result<Day> day) {
  if (!day) return day.error();
  const EventTime time = start_of(*day);
  const std::int64_t ms = time.time_since_epoch().count();
  if (ms < event_time_ms_min || ms >= event_time_ms_end) return Error{Errc::out_of_range};
  return time;
}

/// A Unix time of 10^-`decimals` seconds; what is finer than milliseconds is cut off.
Result<EventTime> parse_unix(std::string_view text, int scale, std::int64_t per_ms) {
  const auto units = parse_decimal(text, scale, event_time_ms_end * per_ms - 1);
  if (!units) return units.error();
  if (*units < 0) return Error{Errc::out_of_range};
  return EventTime{std::chrono::milliseconds{*units / per_ms}};
}

Result<EventTime> parse_time(std::string_view text, TimeFormat format) {
  switch (format) {
    case TimeFormat::rfc3339:
      return parse_rfc3339(text);
    case TimeFormat::unix_s:
      return parse_unix(text, 3, 1);
    case TimeFormat::unix_ms:
      return parse_unix(text, 0, 1);
    case TimeFormat::unix_us:
      return parse_unix(text, 0, 1000);
    case TimeFormat::yyyymmdd:
      return midnight(parse_day(text, false));
    case TimeFormat::iso_date:
      return midnight(parse_day(text, true));
  }
  check_failed("a time format without a reader", __FILE__, __LINE__);
}

}  // namespace

Token Reader::row_token() {
  if (!called_.text.empty()) {
    const std::string_view text = arena_.copy(called_.text);
    return {text.data(), static_cast<std::uint32_t>(text.size()), Token::Kind::string};
  }
  char text[4 + 20] = {'r', 'o', 'w', '-'};
  const auto written = std::to_chars(text + 4, text + sizeof text, called_.row);
  const std::string_view copy = arena_.copy({text, static_cast<std::size_t>(written.ptr - text)});
  return {copy.data(), static_cast<std::uint32_t>(copy.size()), Token::Kind::string};
}

Token Reader::other_token(const Origin& origin, Wants wants) {
  using Kind = Token::Kind;
  static_assert(Kind::absent < Kind::null && Kind::null < Kind::string &&
                Kind::string < Kind::escaped && Kind::escaped < Kind::number &&
                Kind::number < Kind::boolean && Kind::boolean < Kind::container);
  const Token* unfit = nullptr;
  last_ = origin.count == 0 ? std::int16_t{-1} : origin.slots[0];
  for (std::size_t i = 0; i < origin.count; ++i) {
    const Token& token = slots_[origin.slots[i]];
    if (is_empty(token)) continue;
    const bool object = token.kind == Kind::container && *token.data == '{';
    const bool fits = wants == Wants::scalar ? is_scalar(token) : object;
    if (!fits && unfit != nullptr) continue;
    last_ = origin.slots[i];
    if (fits) return token;
    unfit = &token;
  }
  if (origin.row) return row_token();
  if (!origin.has_fallback || origin.fallback.empty()) return unfit == nullptr ? Token{} : *unfit;
  if (unfit != nullptr) odd_.push_back(last());
  return {origin.fallback.data(), static_cast<std::uint32_t>(origin.fallback.size()),
          Kind::string};
}

bool Reader::left_out(Need need) {
  if (need != Need::free || mapping_.strict) return false;
  odd_.push_back(last());
  fault_ = {};
  return true;
}

bool Reader::text_of(const Token& token, Field field, std::string_view& out) {
  switch (token.kind) {
    case Token::Kind::string:
      out = token.view();
      return true;
    case Token::Kind::escaped:
      return unescape(token.view(), arena_, out) || fault_.set(Errc::malformed_json, field);
    case Token::Kind::number:
      // Shops number their orders and members; CloudEvents says what is a text.
      if (mapping_.format == Format::cloudevents || !is_whole_number(token.view())) break;
      out = token.view();
      return true;
    case Token::Kind::boolean:
    case Token::Kind::container:
    case Token::Kind::null:
    case Token::Kind::absent:
      break;
  }
  return fault_.set(Errc::wrong_type, field);
}

bool Reader::text(Field field, Need need, std::string_view& out, std::size_t bytes_max) {
  const Token found = token(field);
  if (!found.seen()) return absent(field, need);
  if (!text_of(found, field, out)) return left_out(need);
  if (out.size() <= bytes_max) return true;
  out = {};
  return fault_.set(Errc::out_of_range, field) || left_out(need);
}

bool Reader::number(Field field, Need need, int scale, std::int64_t min, std::int64_t max,
                    std::int64_t& out, bool& found) {
  const Token at = token(field);
  found = at.seen();
  if (!found) return absent(field, need);
  std::string_view text = at.view();
  if (at.kind != Token::Kind::number && !text_of(at, field, text)) return false;
  const Result<std::int64_t> value = parse_decimal(text, scale, max);
  if (!value) return fault_.set(value.error().code, field);
  if (*value < min) return fault_.set(Errc::out_of_range, field);
  out = *value;
  return true;
}

bool Reader::optional(Field field, Need need, int scale, std::int64_t max,
                      std::optional<std::int64_t>& out) {
  std::int64_t value = 0;
  bool found = false;
  if (!number(field, need, scale, 0, max, value, found)) return left_out(need);
  if (found) out = value;
  return true;
}

bool Reader::currency(Currency& out) {
  const Token found = token(Field::currency);
  if (!found.seen()) return true;
  std::string_view text;
  if (!text_of(found, Field::currency, text)) return false;
  const std::optional<Currency> currency = Currency::from_code(text);
  if (!currency) return fault_.set(Errc::unknown_currency, Field::currency);
  out = *currency;
  return true;
}

bool Reader::time(Field field, EventTime& out) {
  const Token found = token(field);
  if (!found.seen()) return fault_.set(Errc::missing_field, field);
  std::string_view text = found.view();
  if (found.kind != Token::Kind::number && !text_of(found, field, text)) return false;
  const Result<EventTime> time = parse_time(text, mapping_.time_format);
  if (!time) return fault_.set(time.error().code, field);
  out = *time;
  return true;
}

bool Reader::day(Field field, std::optional<Day>& out) {
  std::string_view text;
  if (!this->text(field, Need::free, text)) return false;
  if (text.empty()) return true;
  if (text.size() <= 10) {
    const Result<Day> day = parse_day(text, true);
    if (!day) return fault_.set(day.error().code, field) || left_out(Need::free);
    out = *day;
    return true;
  }
  const Result<EventTime> time = parse_rfc3339(text);
  if (!time) return fault_.set(time.error().code, field) || left_out(Need::free);
  out = day_of(*time);
  return true;
}

bool Reader::raw(Field field, Need need, std::string_view& out) {
  const Token found = token(field, Wants::object);
  if (!found.seen()) return true;
  if (found.kind != Token::Kind::container) {
    return fault_.set(Errc::wrong_type, field) || left_out(need);
  }
  out = found.view();
  return true;
}

}  // namespace fealty::codec
