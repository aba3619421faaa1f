#include <gtest/gtest.h>

#include <string>

#include "fealty/base/units.hpp"

namespace fealty {
namespace {

int scale_of(std::string_view code) {
  const auto currency = Currency::from_code(code);
  EXPECT_TRUE(currency.has_value()) << code;
  return currency ? currency->scale() : -1;
}

TEST(Currency, HasTheDecimalsOfIso4217) {
  EXPECT_EQ(scale_of("USD"), 2);
  EXPECT_EQ(scale_of("EUR"), 2);
  EXPECT_EQ(scale_of("JPY"), 0);
  EXPECT_EQ(scale_of("KRW"), 0);
  EXPECT_EQ(scale_of("KWD"), 3);
  EXPECT_EQ(scale_of("CLF"), 4);
  EXPECT_EQ(scale_of("AED"), 2);
  EXPECT_EQ(scale_of("ZWL"), 2);
}

TEST(Currency, ACodeThatIsNotListedIsNone) {
  for (const char* code :
       {"", "US", "USDX", "usd", "XXX", "XAU", "ABC", "ZZZ", "AAA", "U$D", "\xff\xff\xff"}) {
    EXPECT_FALSE(Currency::from_code(code).has_value()) << code;
  }
}

TEST(Currency, WritesTheLettersThatItWasMadeFrom) {
  const auto currency = Currency::from_code("GBP");
  ASSERT_TRUE(currency.has_value());
  std::string code(3, ' ');
  currency->write(code.data());
  EXPECT_EQ(code, "GBP");
  EXPECT_TRUE(currency->stated());
  EXPECT_FALSE(Currency{}.stated());
  EXPECT_EQ(Currency::from_packed(currency->packed()), *currency);
}

}  // namespace
}  // namespace fealty
