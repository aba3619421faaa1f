#include "reader.hpp"

#include <algorithm>
#include <charconv>

#include "amount.hpp"
#include "fealty/base/decimal.hpp"
#include "times.hpp"

namespace fealty::codec {
namespace {

bool is_whole_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
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
  const bool defaults = origin.has_fallback && !origin.fallback.empty();
  if (!defaults || (unfit != nullptr && mapping_.strict)) {
    return unfit == nullptr ? Token{} : *unfit;
  }
  if (unfit != nullptr) odd_.push_back(last());
  return {origin.fallback.data(), static_cast<std::uint32_t>(origin.fallback.size()), Kind::string};
}

bool Reader::blank(Field field) const {
  if (mapping_.format == Format::delimited) return false;  // A column is there in any case.
  const Origin& origin = origins_[static_cast<std::size_t>(field)];
  bool there = false;
  for (std::size_t i = 0; i < origin.count; ++i) {
    const Token& token = slots_[origin.slots[i]];
    if (!is_empty(token)) return false;
    there = there || token.seen();
  }
  return there;
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

bool Reader::amount(Field field, Need need, Currency currency, std::int64_t& out, bool& found) {
  const AmountFormat& format = mapping_.amounts;
  const Token at = token(field);
  found = at.seen();
  if (!found) return absent(field, need);
  const bool number = at.kind == Token::Kind::number;
  std::string_view text = at.view();
  if (!number && !text_of(at, field, text)) return false;
  if (!number && format.text != AmountFormat::Text::json) {
    const auto plain = plain_amount(text, format.text, currency, arena_);
    if (!plain) return fault_.set(plain.error().code, field);
    text = *plain;
  }
  const int scale = format.unit == AmountFormat::Unit::minor ? 0 : currency.scale();
  const bool rounds = format.rounding == AmountFormat::Rounding::all ||
                      (format.rounding == AmountFormat::Rounding::numbers && number);
  const Result<std::int64_t> value =
      parse_decimal(text, scale, amount_minor_max, rounds ? Rounding::half_even : Rounding::exact);
  if (!value) return fault_.set(value.error().code, field);
  if (*value < 0) return fault_.set(Errc::out_of_range, field);
  out = *value;
  return true;
}

bool Reader::money(Field field, Need need, Currency currency, std::optional<std::int64_t>& out) {
  std::int64_t value = 0;
  bool found = false;
  if (!amount(field, need, currency, value, found)) return left_out(need);
  if (found) out = value;
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
  const Result<EventTime> time = read_time(text, mapping_.times);
  if (!time) return fault_.set(time.error().code, field);
  out = *time;
  return true;
}

bool Reader::day(Field field, std::optional<Day>& out) {
  std::string_view text;
  if (!this->text(field, Need::free, text)) return false;
  if (text.empty()) return true;
  if (text.size() <= 10) {
    const Result<Day> day = read_day(text, true);
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
