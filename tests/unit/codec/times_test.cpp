#include "times.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fealty::codec {
namespace {

std::string read(std::string_view text, const TimeReading& reading) {
  const auto time = read_time(text, reading);
  return time ? to_rfc3339(*time) : std::string{name(time.error().code)};
}
TimeReading by(TimeFormat format, std::optional<int> zone_minutes = {}) {
  return {.ways = {{format}}, .zone_minutes = zone_minutes};
}

using Table = std::vector<std::pair<std::string, std::string>>;

TEST(Times, Rfc3339AndItsCommonWays) {
  const TimeReading reading = by(TimeFormat::rfc3339);
  for (const auto& [text, expected] :
       Table{{"2024-03-22T16:28:02Z", "2024-03-22T16:28:02Z"},
             {"2024-03-22T16:28:02.123456789Z", "2024-03-22T16:28:02.123Z"},
             {"2024-03-22 16:28:02 UTC", "2024-03-22T16:28:02Z"},
             {"2024-03-22 16:28:02 GMT", "2024-03-22T16:28:02Z"},
             {"2024-03-22 16:28:02 +0530", "2024-03-22T10:58:02Z"},
             {"2024-03-22T16:28:02+0530", "2024-03-22T10:58:02Z"},
             {"2024-03-22T16:28:02-05", "2024-03-22T21:28:02Z"},
             {"2024-03-22T16:28:02 -05:00", "2024-03-22T21:28:02Z"},
             {"2024-03-22T16:28Z", "2024-03-22T16:28:00Z"},
             {"2024-03-22 16:28+01:00", "2024-03-22T15:28:00Z"},
             {"2024-03-22t16:28:02,5z", "2024-03-22T16:28:02.500Z"},
             {"2024-03-22T16:28:02", "wrong_type"},  // which zone?
             {"2024-03-22", "wrong_type"},
             {"2024-03-22T16:28:02 Berlin", "wrong_type"},
             {"2024-03-22T16:28:02+5", "wrong_type"},
             {"2024-03-22T16:28:02+05300", "wrong_type"},
             {"2024-03-22T16:28:02+2500", "wrong_type"},
             {"2024-03-22T16:28:02.Z", "wrong_type"},
             {"2024-03-22T16Z", "wrong_type"},
             {"2024-02-30T16:28:02+0100", "wrong_type"},
             {"2024-03-22T24:00:00+0100", "wrong_type"},
             {"", "wrong_type"},
             {std::string(200, '2'), "wrong_type"}}) {
    EXPECT_EQ(read(text, reading), expected) << text;
  }
}

TEST(Times, StrictlyNoneOfThese) {
  TimeReading reading = by(TimeFormat::rfc3339);
  reading.loose = false;
  EXPECT_EQ(read("2024-03-22T16:28:02+05:30", reading), "2024-03-22T10:58:02Z");
  for (const std::string text :
       {"2024-03-22T16:28:02+0530", "2024-03-22T16:28Z", "2024-03-22T16:28:02 UTC"}) {
    EXPECT_EQ(read(text, reading), "wrong_type") << text;
  }
}

TEST(Times, AZoneForWhatNamesNone) {
  const TimeReading east = by(TimeFormat::rfc3339, 90), west = by(TimeFormat::rfc3339, -330);
  EXPECT_EQ(read("2024-03-22T16:28:02", east), "2024-03-22T14:58:02Z");
  EXPECT_EQ(read("2024-03-22 16:28", west), "2024-03-22T21:58:00Z");
  EXPECT_EQ(read("2024-03-22T16:28:02Z", east), "2024-03-22T16:28:02Z");
  EXPECT_EQ(read("2024-03-22", by(TimeFormat::iso_date, 60)), "2024-03-21T23:00:00Z");
  EXPECT_EQ(read("20240322", by(TimeFormat::yyyymmdd)), "2024-03-22T00:00:00Z");
}

TEST(Times, UnixTimesAreCutToMilliseconds) {
  for (const auto& [format, text, expected] :
       std::vector<std::tuple<TimeFormat, std::string, std::string>>{
           {TimeFormat::unix_s, "1709291718", "2024-03-01T11:15:18Z"},
           {TimeFormat::unix_s, "1709291718.1239", "2024-03-01T11:15:18.123Z"},
           {TimeFormat::unix_s, "1.709291718E9", "2024-03-01T11:15:18Z"},
           {TimeFormat::unix_s, "17e8", "2023-11-14T22:13:20Z"},
           {TimeFormat::unix_ms, "1.709291718123E12", "2024-03-01T11:15:18.123Z"},
           {TimeFormat::unix_us, "1.709291718123456E15", "2024-03-01T11:15:18.123Z"},
           {TimeFormat::unix_us, "-1e15", "out_of_range"},
           {TimeFormat::unix_s, "1e99", "out_of_range"},
           {TimeFormat::unix_s, "1.7e", "wrong_type"},
           {TimeFormat::unix_ns, "1.7e18", "wrong_type"},
           {TimeFormat::unix_ms, "1709291718123", "2024-03-01T11:15:18.123Z"},
           {TimeFormat::unix_ms, "1709291718123.9", "2024-03-01T11:15:18.123Z"},
           {TimeFormat::unix_us, "1709291718123456", "2024-03-01T11:15:18.123Z"},
           {TimeFormat::unix_ns, "1709291718123456789", "2024-03-01T11:15:18.123Z"},
           {TimeFormat::unix_ms, "-1", "out_of_range"},
           {TimeFormat::unix_s, "17092917181234", "out_of_range"},
           {TimeFormat::unix_s, "1709291718.", "wrong_type"},
           {TimeFormat::unix_s, "1709291718.1x", "wrong_type"},
           {TimeFormat::unix_s, ".5", "wrong_type"}}) {
    EXPECT_EQ(read(text, by(format)), expected) << text;
  }
}

TEST(Times, SpreadsheetsCountDays) {
  const TimeReading reading = by(TimeFormat::excel);
  EXPECT_EQ(read("45352", reading), "2024-03-01T00:00:00Z");
  EXPECT_EQ(read("45352.5", reading), "2024-03-01T12:00:00Z");
  EXPECT_EQ(read("45352.686132", reading), "2024-03-01T16:28:02Z");
  EXPECT_EQ(read("45352.6861342593", reading), "2024-03-01T16:28:02Z");
  EXPECT_EQ(read("2024-03-01", reading), "wrong_type");
  EXPECT_EQ(read("99999999", reading), "out_of_range");
}

TEST(Times, TheFirstWayThatFitsCounts) {
  const TimeReading reading{.ways = {{TimeFormat::iso_date},
                                     {TimeFormat::pattern, "%d.%m.%Y"},
                                     {TimeFormat::pattern, "%d.%m.%Y %H:%M"},
                                     {TimeFormat::pattern, "%m/%d/%Y %H:%M:%S %z"},
                                     {TimeFormat::excel}},
                            .zone_minutes = 60};
  for (const auto& [text, expected] : Table{{"2024-03-01", "2024-02-29T23:00:00Z"},
                                            {"01.03.2024", "2024-02-29T23:00:00Z"},
                                            {"01.03.2024 08:30", "2024-03-01T07:30:00Z"},
                                            {"03/01/2024 08:30:01 -0500", "2024-03-01T13:30:01Z"},
                                            {"45352", "2024-02-29T23:00:00Z"},
                                            {"31.02.2024", "wrong_type"},
                                            {"01.03.2024 08:30 or so", "wrong_type"},
                                            {"1.3.2024", "2024-02-29T23:00:00Z"},
                                            {"01.03.2024 24:30", "wrong_type"},
                                            {"01.03.2024 8:5", "2024-03-01T07:05:00Z"},
                                            {"01.13.2024", "wrong_type"},
                                            {"01.03.24", "wrong_type"},
                                            {"03/01/2024 08:30:01 Z", "2024-03-01T08:30:01Z"},
                                            {"03/01/2024 08:30:01 +01:30", "2024-03-01T07:00:01Z"},
                                            {"03/01/2024 08:30:01 +1", "wrong_type"},
                                            {"yesterday", "wrong_type"}}) {
    EXPECT_EQ(read(text, reading), expected) << text;
  }
}

TEST(Times, PatternsWithNamesAndShortYears) {
  const TimeReading reading{.ways = {{TimeFormat::pattern, "%d-%b-%y 100%% %H"}}};
  EXPECT_EQ(read("01-MAR-24 100% 7", reading), "2024-03-01T07:00:00Z");
  EXPECT_EQ(read("31-dec-69 100% 23", reading), "out_of_range");
  EXPECT_EQ(read("31-dec-99 100% 23", reading), "1999-12-31T23:00:00Z");
  EXPECT_EQ(read("31-foo-99 100% 23", reading), "wrong_type");
  EXPECT_EQ(read("31-dec-99 100 23", reading), "wrong_type");
  EXPECT_EQ(read("31-de", reading), "wrong_type");
  for (const std::string_view pattern : {"%Y", "%%", "a%db"}) EXPECT_TRUE(is_time_pattern(pattern));
  for (const std::string_view pattern : {"", "Y", "%", "%Y%", "%Q"}) {
    EXPECT_FALSE(is_time_pattern(pattern)) << pattern;
  }
}

}  // namespace
}  // namespace fealty::codec
