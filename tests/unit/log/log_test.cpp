#include "fealty/log/log.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace fealty::log {
namespace {

TEST(Log, ALineIsTheEventThenItsFields) {
  EXPECT_EQ(line("store.restored", {{"partition", std::uint32_t{3}},
                                    {"ahead_ms", -5},
                                    {"share", 0.5},
                                    {"topic", "orders-1"}}),
            "event=store.restored partition=3 ahead_ms=-5 share=0.5 topic=orders-1");
}

struct Case {
  std::string_view value, written;
};

TEST(Log, NoValueCanEndItsLineOrBeginAnotherField) {
  constexpr Case cases[]{
      {"plain/value:1,2", "plain/value:1,2"},
      {R"(C:\state)", R"(C:\state)"},
      {"Zo\u00eb", "Zo\u00eb"},
      {"", R"("")"},
      {"two words", R"("two words")"},
      {"a=b", R"("a=b")"},
      {R"(say "so")", R"("say \"so\"")"},
      {R"(a \x1b)", R"("a \\x1b")"},
      {"x\n2025-01-01T00:00:00.000Z error event=forged",
       R"("x\n2025-01-01T00:00:00.000Z error event=forged")"},
      {"x\revent=forged", R"("x\revent=forged")"},
      {"x\" lost=yes", R"("x\" lost=yes")"},
      {"x\\\" lost=yes", R"("x\\\" lost=yes")"},
      {"\x1b[2J", R"("\x1b[2J")"},
      {"\u009b2J", R"("\u009b2J")"},
      {"\u202etxt", R"("\u202etxt")"},
      {"a\u2028b", R"("a\u2028b")"},
      {"\xff", R"("\xff")"},
      {"\x7f", R"("\x7f")"},
  };
  for (const Case& wanted : cases) {
    EXPECT_EQ(line("e", {{"key", wanted.value}, {"next", 1}}),
              "event=e key=" + std::string{wanted.written} + " next=1");
  }
}

}  // namespace
}  // namespace fealty::log
