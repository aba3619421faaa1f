#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fealty/config/program_diff.hpp"
#include "fealty/config/program_loader.hpp"

namespace fealty::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

class SeriesLoader : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / ("fealty-series-" + std::to_string(getpid()));
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }
  std::string write(const std::string& name, const std::string& text) {
    const std::string path = (directory_ / name).string();
    std::ofstream{path} << text;
    return path;
  }
  std::string generation(int version, const std::string& identity, const std::string& rest = {}) {
    return write("v" + std::to_string(version) + ".yaml",
                 "program: {id: shop, version: " + std::to_string(version) +
                     ", currency: EUR, utc_offset: '+01:00'" + identity + "}\n" + rest);
  }
  fs::path directory_;
};

std::string faults_of(const std::vector<std::string>& paths) {
  const auto loaded = load_series(paths);
  return loaded ? "no fault" : loaded.error().detail;
}

TEST_F(SeriesLoader, ValidFromIsAMidnightOfTheProgramsDays) {
  const auto good = load_program(generation(2, ", valid_from: '2026-01-01T00:00:00+01:00'"));
  ASSERT_TRUE(good) << good.error().detail;
  EXPECT_EQ(good->program.valid_from, *day_from_civil(2026, 1, 1));
  const auto utc = load_program(generation(2, ", valid_from: '2025-12-31T23:00:00Z'"));
  ASSERT_TRUE(utc);
  EXPECT_EQ(utc->program.fingerprint, good->program.fingerprint);
  const auto none = load_program(generation(2, ""));
  ASSERT_TRUE(none);
  EXPECT_NE(none->program.fingerprint, good->program.fingerprint);

  const std::string noon = generation(2, ", valid_from: '2026-01-01T12:00:00+01:00'");
  EXPECT_THAT(faults_of({noon}), HasSubstr("program.valid_from: must be a midnight at the "
                                           "program's utc_offset, such as 2026-01-01T23:00:00Z"));
  EXPECT_THAT(faults_of({generation(2, ", valid_from: soon")}), HasSubstr("must be a time"));
}

TEST_F(SeriesLoader, FilesInAnyOrderOrADirectoryOfThemAreOneSeries) {
  const std::string second = generation(2, ", valid_from: '2026-01-01T00:00:00+01:00'");
  const std::string first = generation(1, "");
  for (const std::vector<std::string>& paths :
       {std::vector<std::string>{second, first}, std::vector<std::string>{directory_.string()}}) {
    const auto loaded = load_series(paths);
    ASSERT_TRUE(loaded) << loaded.error().detail;
    EXPECT_THAT(loaded->files, ElementsAre(first, second));
    EXPECT_EQ(loaded->series.newest().version, 2U);
  }
}

TEST_F(SeriesLoader, EveryFaultOfTheFilesTogetherIsListedWithItsPlace) {
  const std::string first = generation(1, "");
  const std::string other = write("other.yaml",
                                  "program:\n  id: shop\n  version: 1\n  currency: USD\n"
                                  "  utc_offset: '+01:00'\n"
                                  "  valid_from: 2026-01-01T00:00:00+01:00\n"
                                  "levels: {period: calendar_year, list: [{name: a, from: 0}]}\n");
  const std::string faults = faults_of({first, other});
  EXPECT_THAT(faults, HasSubstr(other + ":4:13: program.currency: differs from the first "
                                        "generation's: that is a migration"));
  EXPECT_THAT(faults, HasSubstr(other + ":7:18: levels.period: differs"));
  EXPECT_THAT(faults, HasSubstr(other + ":3:12: program.version: must be above 1"));
}

TEST_F(SeriesLoader, FaultsOfSingleFilesComeFirst) {
  const std::string bad = write("bad.yaml", "program: {id: shop}\n");
  EXPECT_THAT(faults_of({generation(1, ""), bad, directory_.string() + "/none.yaml"}),
              testing::AllOf(HasSubstr("bad.yaml:1:"), HasSubstr("none.yaml")));
  fs::create_directory(directory_ / "empty");
  EXPECT_THAT(faults_of({(directory_ / "empty").string()}), HasSubstr("no program file"));
}

std::vector<std::string> diff(const std::string& from, const std::string& to) {
  constexpr const char* head = "program: {id: p, version: 1, currency: USD}\n";
  const auto a = parse_program(head + from, "a"), b = parse_program(head + to, "b");
  if (!a || !b) return {"a program of this test does not load"};
  return diff_in_words(a->program, b->program);
}

TEST(ProgramDiff, SaysWhatChangesForWhom) {
  const std::string levels = "levels: {list: [{name: low, from: 0}, {name: high, from: ";
  EXPECT_THAT(diff(levels + "100}]}", levels + "120}]}"),
              ElementsAre("level high: from 120 points in place of 100 points: members of it with "
                          "less are no longer held (to what is qualified for, at once), and it is "
                          "reached later"));
  EXPECT_THAT(diff(levels + "100}]}", levels + "80, multiplier: 1.25}]}"),
              ElementsAre("level high: from 80 points in place of 100 points: members with as much "
                          "rise to it on the first day",
                          "level high: its members earn 1.25 times the points in place of 1"));
  const std::string rules = "earn: {rules: [{name: base, event: purchase, field: total, linear: ";
  EXPECT_THAT(diff(rules + "{beta: 1}}]}",
                   rules + "{beta: 1/3}}, {name: shoes, event: purchase, field: line_amount, "
                           "linear: {beta: 2}, filter: {category: shoes}}]}"),
              ElementsAre("rule base: gives: 1 x points, x = total in USD becomes 1/3 x points, x "
                          "= total in USD",
                          "rule shoes is new: purchase gives 2 x points, x = line_amount in USD, "
                          "for category 'shoes'"));
  EXPECT_THAT(diff(rules + "{beta: 1}}]}", ""),
              ElementsAre("rule base is gone: purchase gave 1 x points, x = total in USD"));
  EXPECT_THAT(diff("", "churn: {raise: 0.9}"),
              ElementsAre("churn: a risk is raised at 0.9000 in place of 0.8500"));
}

TEST(ProgramDiff, SaysThatMutingChangesNoOutcomeAndThatSomeChangesAreNone) {
  EXPECT_THAT(diff("", "notices: {mute: [points.earned]}"),
              ElementsAre("notice points.earned is no longer sent: no points, level or risk "
                          "depends on it"));
  EXPECT_THAT(diff("", ""), IsEmpty());
  EXPECT_THAT(diff("", "levels: {metric: money, list: [{name: member, from: 0}]}"),
              ElementsAre("levels.metric: points becomes money: that is a migration, not a new "
                          "generation"));
}

}  // namespace
}  // namespace fealty::config
