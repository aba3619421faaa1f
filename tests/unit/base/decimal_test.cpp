#include "fealty/base/decimal.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <tuple>
#include <vector>

namespace fealty {
namespace {

constexpr std::int64_t max = 1'000'000'000'000'000;

std::int64_t cents(std::string_view text) {
  const auto value = parse_decimal(text, 2, max);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : -999;
}

Errc refusal(std::string_view text, int scale = 2) {
  const auto value = parse_decimal(text, scale, max);
  EXPECT_TRUE(value.has_error()) << text;
  return value ? Errc::usage : value.error().code;
}

TEST(Decimal, ReadsEveryJsonNumberExactly) {
  EXPECT_EQ(cents("0"), 0);
  EXPECT_EQ(cents("12"), 1200);
  EXPECT_EQ(cents("12.3"), 1230);
  EXPECT_EQ(cents("12.34"), 1234);
  EXPECT_EQ(cents("-12.34"), -1234);
  EXPECT_EQ(cents("-1.5e2"), -15000);
  EXPECT_EQ(cents("1E+2"), 10000);
  EXPECT_EQ(cents("1234e-2"), 1234);
  EXPECT_EQ(cents("0.1"), 10);
  EXPECT_EQ(cents("0e999999999999999999999999"), 0);
  EXPECT_EQ(cents("10000000000000.00"), max);
}

TEST(Decimal, ZerosPastTheScaleAreNoLoss) {
  EXPECT_EQ(cents("12.340"), 1234);
  EXPECT_EQ(cents("12.34000000000000000000000000000000000000"), 1234);
  EXPECT_EQ(cents("100000e-5"), 100);
}

TEST(Decimal, AmountsThatDoublesGetWrongAreRight) {
  EXPECT_EQ(cents("0.29"), 29);
  EXPECT_EQ(cents("1.005e3"), 100500);
  EXPECT_EQ(cents("9999999999999.99"), 999'999'999'999'999);
}

TEST(Decimal, ADigitPastTheScaleIsRefusedNotRounded) {
  EXPECT_EQ(refusal("12.345"), Errc::too_many_decimals);
  EXPECT_EQ(refusal("1e-400"), Errc::too_many_decimals);
  EXPECT_EQ(refusal("-0.001"), Errc::too_many_decimals);
  EXPECT_EQ(refusal("0.5", 0), Errc::too_many_decimals);
}

TEST(Decimal, RoundsHalvesToEvenWhereItIsAsked) {
  const auto rounded = [](std::string_view text, int scale) -> std::string {
    const auto value = parse_decimal(text, scale, 1'000'000, Rounding::half_even);
    return value ? std::to_string(*value) : std::string{name(value.error().code)};
  };
  for (const auto& [text, scale, expected] :
       std::vector<std::tuple<std::string, int, std::string>>{{"836.9999999999998", 2, "83700"},
                                                              {"183.60000000000002", 2, "18360"},
                                                              {"4.9495798319328", 2, "495"},
                                                              {"1.005", 2, "100"},
                                                              {"1.015", 2, "102"},
                                                              {"1.0050000001", 2, "101"},
                                                              {"1.0049999999", 2, "100"},
                                                              {"0.5", 0, "0"},
                                                              {"1.5", 0, "2"},
                                                              {"2.5", 0, "2"},
                                                              {"-1.5", 0, "-2"},
                                                              {"-0.001", 2, "0"},
                                                              {"0.004", 2, "0"},
                                                              {"0.05", 0, "0"},
                                                              {"0.0999999", 0, "0"},
                                                              {"5e-3", 2, "0"},
                                                              {"15e-3", 2, "2"},
                                                              {"1.5e-9", 2, "0"},
                                                              {"9999.999", 2, "1000000"},
                                                              {"10000.004", 2, "1000000"},
                                                              {"10000.006", 2, "out_of_range"},
                                                              {"1e30", 2, "out_of_range"},
                                                              {"12.34", 2, "1234"},
                                                              {"x", 2, "wrong_type"}}) {
    EXPECT_EQ(rounded(text, scale), expected) << text;
  }
}

TEST(Decimal, TooLargeIsRefusedNotWrapped) {
  EXPECT_EQ(refusal("10000000000000.01"), Errc::out_of_range);
  EXPECT_EQ(refusal("1e400"), Errc::out_of_range);
  EXPECT_EQ(refusal("-1e400"), Errc::out_of_range);
  EXPECT_EQ(refusal("1e99999999999999999999999999"), Errc::out_of_range);
  EXPECT_EQ(refusal("12345678901234567890"), Errc::out_of_range);
  EXPECT_EQ(refusal(std::string(100'000, '9')), Errc::out_of_range);
}

TEST(Decimal, MinusZeroIsNoAmount) {
  for (const char* text : {"-0", "-0.0", "-0.00", "-0e5", "-0E-5"}) {
    EXPECT_EQ(refusal(text), Errc::out_of_range) << text;
  }
}

TEST(Decimal, WhatIsNoJsonNumberIsAWrongType) {
  for (const char* text :
       {"",         "-",  "+1",  "01", "-01", "1.",    ".5",  "1,2",   "0x1",   "NaN",
        "Infinity", "1e", "1e+", "1 ", " 1",  "1.2.3", "--1", "1e5e5", "1e1.5", "\xd9\xa1"}) {
    EXPECT_EQ(refusal(text), Errc::wrong_type) << text;
  }
  EXPECT_EQ(refusal(std::string_view{"1\0", 2}), Errc::wrong_type);
}

TEST(Decimal, WritesExactlyTheScale) {
  EXPECT_EQ(decimal_text(1234, 2), "12.34");
  EXPECT_EQ(decimal_text(-5, 2), "-0.05");
  EXPECT_EQ(decimal_text(0, 2), "0.00");
  EXPECT_EQ(decimal_text(7, 0), "7");
  EXPECT_EQ(decimal_text(12, 3), "0.012");
  EXPECT_EQ(decimal_text(std::numeric_limits<std::int64_t>::min(), 4), "-922337203685477.5808");
}

TEST(Decimal, WhatWasWrittenReadsBackTheSame) {
  std::uint64_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const auto units = static_cast<std::int64_t>((state >> 8U) % (2 * max)) - max;
    const int scale = static_cast<int>(state >> 60U) % 5;
    const auto back = parse_decimal(decimal_text(units, scale), scale, max);
    ASSERT_TRUE(back.has_value()) << units;
    EXPECT_EQ(*back, units);
  }
}

}  // namespace
}  // namespace fealty
