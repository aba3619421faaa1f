#include "amount.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fealty::codec {
namespace {

using Text = AmountFormat::Text;

std::string plain(std::string_view text, Text format, std::string_view currency = "EUR") {
  Arena arena;
  const auto read = plain_amount(text, format, *Currency::from_code(currency), arena);
  return read ? std::string{*read} : std::string{name(read.error().code)};
}

TEST(Amount, WithADecimalComma) {
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, std::string>>{{"12,50", "12.50"},
                                                        {"1.000", "1000"},
                                                        {"1.234,56", "1234.56"},
                                                        {"1.234.567,8", "1234567.8"},
                                                        {"1 000,00", "1000.00"},
                                                        {"1\xc2\xa0"
                                                         "234\xc2\xa0"
                                                         "567,00",
                                                         "1234567.00"},
                                                        {"1\xe2\x80\xaf"
                                                         "000",
                                                         "1000"},
                                                        {"1'000,5", "1000.5"},
                                                        {"10 EUR", "10"},
                                                        {"EUR 10,00", "10.00"},
                                                        {"\xe2\x82\xac"
                                                         "12,50",
                                                         "12.50"},
                                                        {"12,50 \xe2\x82\xac", "12.50"},
                                                        {"-3,10", "-3.10"},
                                                        {"- 3", "-3"},
                                                        {"-\xe2\x82\xac 3,10", "-3.10"},
                                                        {"\xe2\x82\xac-3,10", "-3.10"},
                                                        {"+10,00", "10.00"},
                                                        {" 7 ", "7"},
                                                        {"0,05", "0.05"},
                                                        {"007", "7"},
                                                        {"000", "0"}}) {
    EXPECT_EQ(plain(text, Text::decimal_comma), expected) << text;
  }
}

TEST(Amount, WithADecimalPoint) {
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, std::string>>{{"12.50", "12.50"},
                                                        {"1,000", "1000"},
                                                        {"$1,234.50", "1234.50"},
                                                        {"USD 5", "5"},
                                                        {"5 USD", "5"},
                                                        {"1 000.00", "1000.00"},
                                                        {"-$1,000", "-1000"},
                                                        {"\xc2\xa3"
                                                         "3.1",
                                                         "3.1"},
                                                        {"1,234,567", "1234567"}}) {
    EXPECT_EQ(plain(text, Text::decimal_point, "USD"), expected) << text;
  }
}

TEST(Amount, WhatCouldBeReadInTwoWaysIsRefused) {
  for (const std::string text :
       {"1.50", "1.5", "10.00", "1.0000", "1.23.456",     "12.3456,00", "1.234 567", "1 23",
        "1.",   "1,",  "1,2,3", ".50",    ",50",          "10.",        "1.234.56",  "1234.567",
        "",     " ",   "-",     "EUR",    "\xe2\x82\xac", "ten",        "1E+3",      "1,5e2",
        "0x10", "1-",  "--1",   "NaN",    "1,5.000"}) {
    EXPECT_EQ(plain(text, Text::decimal_comma), "wrong_type") << text;
  }
  for (const std::string text : {"1,50", "12,5", "1,2345", "1.234,50", ".5", "5.", "1,23,456"}) {
    EXPECT_EQ(plain(text, Text::decimal_point), "wrong_type") << text;
  }
}

TEST(Amount, AnotherCurrencysCodeIsRefused) {
  EXPECT_EQ(plain("10 USD", Text::decimal_comma), "unknown_currency");
  EXPECT_EQ(plain("XQZ 10", Text::decimal_comma), "unknown_currency");
}

/// Every amount that is written by one rule is read as what it was.
TEST(Amount, WhatIsWrittenIsRead) {
  for (std::int64_t units = 0; units < 3'000'000'000; units = units * 3 + 7) {
    const std::string whole = std::to_string(units / 100),
                      cents = std::to_string(100 + units % 100).substr(1);
    std::string grouped;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      if (i > 0 && (whole.size() - i) % 3 == 0) grouped += '#';
      grouped += whole[i];
    }
    for (const auto& [group, point, format] :
         {std::tuple{".", ",", Text::decimal_comma}, std::tuple{" ", ",", Text::decimal_comma},
          std::tuple{",", ".", Text::decimal_point}, std::tuple{"", ".", Text::decimal_point}}) {
      std::string text;
      for (const char c : grouped) text += c == '#' ? std::string{group} : std::string{c};
      EXPECT_EQ(plain(text + point + cents, format), whole + "." + cents);
    }
  }
}

}  // namespace
}  // namespace fealty::codec
