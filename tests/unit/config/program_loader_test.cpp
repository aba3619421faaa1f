#include "fealty/config/program_loader.hpp"

#include <gmock/gmock.h>

namespace fealty::config {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view head = "program: {id: p, version: 1, currency: USD}\n";

std::string with_head(std::string_view rest) { return std::string{head} + std::string{rest}; }

std::string faults_of(std::string_view text) {
  const auto loaded = parse_program(text, "p.yaml");
  return loaded ? "no fault" : loaded.error().detail;
}

std::string shipped(std::string_view name) {
  return std::string{FEALTY_SOURCE_DIR} + "/config/programs/" + std::string{name};
}

TEST(ProgramLoader, TheDefaultProgramLoads) {
  const auto loaded = load_program(shipped("default.yaml"));
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ(loaded->program.id, "default");
  EXPECT_EQ(loaded->program.rules.size(), 6U);
  EXPECT_EQ(loaded->program.levels.size(), 4U);
  EXPECT_EQ(loaded->program.levels[2].multiplier, (program::Rational{5, 4}));
  EXPECT_EQ(loaded->program.rolling_days, 365);
  EXPECT_EQ(loaded->program.churn, ChurnParameters{});
}

TEST(ProgramLoader, TheCdnowProgramLoads) {
  const auto loaded = load_program(shipped("cdnow.yaml"));
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ(loaded->program.id, "cdnow");
  EXPECT_EQ(loaded->program.churn, ChurnParameters{});
}

TEST(ProgramLoader, EveryFaultOfABadFileIsListedWithItsPosition) {
  // Given a file with a fault of each kind.
  constexpr std::string_view bad = R"(program: {id: shop, version: 1, currency: EURO}
earn:
  rounding: {level: order, mode: flor}
  rules:
    - name: base
      event: purchase
      field: totl
      linear: {beta: 1}
    - name: base
      event: purchase
      field: total
      step: {every: 0, points: 1}
    - name: stars
      event: purchase
      field: rating
      linear: {beta: 1/0}
    - name: odd
      event: purchas
      constant: 1
      wieght: 2
levels:
  list:
    - {name: a, from: 10}
    - {name: b, from: 500}
    - {name: c, from: 200}
    - {name: d, from: 200}
churn: {bgnbd: {r: 0}, raise: 0.4, clear: 0.5}
notices: {mute: [tier.upgradet]}
redemtion: {negative_balance: debt}
)";

  // When it is loaded.
  const auto loaded = parse_program(bad, "shop.yaml");

  // Then all of them are reported, each with its place.
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::invalid_config);
  EXPECT_EQ(loaded.error().field, "program");
  for (const char* fault :
       {"shop.yaml:1:43: program.currency: unknown currency 'EURO'",
        "shop.yaml:3:34: earn.rounding.mode: unknown value 'flor', did you mean 'floor'?",
        "shop.yaml:7:14: earn.rules[0].field: unknown value 'totl', did you mean 'total'?",
        "shop.yaml:9:7: earn.rules[1]: two rules named 'base'",
        "shop.yaml:12:21: earn.rules[1].step.every: division by zero",
        "shop.yaml:15:14: earn.rules[2].field: 'rating' is no field of purchase events",
        "shop.yaml:16:22: earn.rules[2].linear.beta: division by zero",
        "shop.yaml:18:14: earn.rules[3].event: unknown value 'purchas', did you mean 'purchase'?",
        "shop.yaml:20:7: earn.rules[3].wieght: unknown key, did you mean 'weight'?",
        "shop.yaml:23:23: levels.list[0].from: the first level starts from 0",
        "shop.yaml:25:23: levels.list[2].from: thresholds must ascend",
        "shop.yaml:26:23: levels.list[3].from: same threshold as the level before",
        "shop.yaml:27:20: churn.bgnbd.r: out of range",
        "shop.yaml:27:8: churn: 'clear' must be less than 'raise'",
        "shop.yaml:28:18: notices.mute[0]: unknown value 'tier.upgradet', did you mean "
        "'tier.upgraded'?",
        "shop.yaml:29:1: redemtion: unknown key, did you mean 'redemption'?"}) {
    EXPECT_THAT(loaded.error().detail, HasSubstr(fault));
  }
}

TEST(ProgramLoader, MutedHistoryEndsAtATimeAndIsNoPartOfTheFingerprint) {
  const auto loud = parse_program(with_head("notices: {mute: []}"), "p.yaml");
  const auto muted =
      parse_program(with_head("notices: {mute_before: '2026-11-01T01:00:00+01:00'}"), "p.yaml");
  ASSERT_TRUE(loud);
  ASSERT_TRUE(muted) << muted.error().detail;
  EXPECT_EQ(loud->program.mute_before, EventTime{});
  EXPECT_EQ(to_rfc3339(muted->program.mute_before), "2026-11-01T00:00:00Z");
  EXPECT_EQ(muted->program.fingerprint, loud->program.fingerprint);
  for (const std::string wrong : {"soon", "1969-01-01T00:00:00Z", "2026-11-01", "[1]"}) {
    EXPECT_THAT(faults_of(with_head("notices: {mute_before: " + wrong + "}")),
                HasSubstr("notices.mute_before"))
        << wrong;
  }
}

TEST(ProgramLoader, AMissingProgramSectionIsAFault) {
  EXPECT_THAT(faults_of("earn: {rules: []}\n"), HasSubstr("missing key 'program'"));
  EXPECT_THAT(faults_of("program: {id: x}\n"), HasSubstr("missing key 'currency'"));
}

TEST(ProgramLoader, ARuleHasExactlyOneFunction) {
  EXPECT_THAT(faults_of(with_head("earn: {rules: [{name: a, event: login}]}")),
              HasSubstr("needs one of constant, linear, step, piecewise, capped"));
  EXPECT_THAT(
      faults_of(with_head("earn: {rules: [{name: a, event: view, field: dwell_s, constant: 1, "
                          "linear: {beta: 1}}]}")),
      HasSubstr("a rule has one function"));
}

TEST(ProgramLoader, FiltersThatTheEventTypeCannotAnswerAreRefused) {
  EXPECT_THAT(faults_of(with_head(
                  "earn: {rules: [{name: a, event: review, constant: 1, filter: {brand: x}}]}")),
              HasSubstr("'brand' cannot be filtered on review events"));
}

TEST(ProgramLoader, MoreThan64RulesAreRefused) {
  std::string text = with_head("earn:\n  rules:\n");
  for (int i = 0; i < 65; ++i) {
    text += "    - {name: r" + std::to_string(i) + ", event: login, constant: 1}\n";
  }
  EXPECT_THAT(faults_of(text), HasSubstr("at most 64 rules"));
}

TEST(ProgramLoader, CoefficientsThatCouldOverflowAreRefused) {
  EXPECT_THAT(faults_of(with_head("earn: {rules: [{name: a, event: purchase, field: total, linear: "
                                  "{beta: 900000000}, weight: 900000000}]}")),
              HasSubstr("earn.rules[0]: the coefficients could overflow"));
  EXPECT_THAT(
      faults_of(with_head("earn: {rules: [{name: a, event: purchase, field: total, linear: {beta: "
                          "1/899999999}},{name: b, event: purchase, field: total, linear: {beta: "
                          "1/899999998}}]}")),
      HasSubstr("no common denominator"));
}

TEST(ProgramLoader, KnotsMustAscend) {
  EXPECT_THAT(
      faults_of(with_head("earn: {rules: [{name: a, event: purchase, field: total, piecewise: "
                          "[[0, 0], [10, 5], [10, 7]]}]}")),
      HasSubstr("knots must ascend in x"));
}

TEST(ProgramLoader, CommentsOrderAndSpacingDoNotChangeTheFingerprint) {
  const auto a = parse_program(
      "program: {id: p, version: 1, currency: USD}\n"
      "earn: {rules: [{name: a, event: purchase, field: total, linear: {beta: 1.50}}]}\n",
      "a");
  const auto b = parse_program(
      "# a comment\nearn:\n  rules:\n    - linear: {beta: 3/2}\n      field: total\n"
      "      event: purchase\n      name: a\n\nprogram:\n  currency: USD\n  version: 1\n  id: p\n",
      "b");
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->canonical_text, b->canonical_text);
  EXPECT_EQ(a->program.fingerprint, b->program.fingerprint);
}

TEST(ProgramLoader, AnyChangeOfContentChangesTheFingerprint) {
  const auto a = parse_program(with_head("levels: {list: [{name: x, from: 0}]}"), "a");
  const auto b =
      parse_program(with_head("levels: {list: [{name: x, from: 0, multiplier: 2}]}"), "a");
  ASSERT_TRUE(a && b);
  EXPECT_NE(a->program.fingerprint, b->program.fingerprint);
}

TEST(ProgramLoader, MoneyThresholdsAreReadInMajorUnits) {
  const auto loaded = parse_program(
      with_head("levels: {metric: money, list: [{name: x, from: 0}, {name: y, from: 99.50}]}"),
      "a");
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ(loaded->program.levels[1].from, 9950);
}

TEST(ProgramLoader, AProgramWithoutLevelsHasOne) {
  const auto loaded = parse_program(head, "a");
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->program.levels.size(), 1U);
  EXPECT_EQ(loaded->program.levels[0].from, 0);
}

}  // namespace
}  // namespace fealty::config
