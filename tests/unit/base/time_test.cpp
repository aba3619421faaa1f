#include "fealty/base/time.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace fealty {
namespace {

EventTime at_ms(std::int64_t ms) { return EventTime{std::chrono::milliseconds{ms}}; }

std::int64_t ms_of(std::string_view text) {
  const auto time = parse_rfc3339(text);
  EXPECT_TRUE(time.has_value()) << text;
  return time ? time->time_since_epoch().count() : -1;
}

Errc refusal(std::string_view text) {
  const auto time = parse_rfc3339(text);
  EXPECT_TRUE(time.has_error()) << text;
  return time ? Errc::usage : time.error().code;
}

TEST(Time, ReadsRfc3339InItsForms) {
  EXPECT_EQ(ms_of("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ms_of("2026-11-22T13:16:00.123Z"), 1'795'353'360'123);
  EXPECT_EQ(ms_of("2026-11-22 13:16:00.123z"), 1'795'353'360'123);
  EXPECT_EQ(ms_of("2026-11-22t15:16:00.123+02:00"), 1'795'353'360'123);
  EXPECT_EQ(ms_of("2026-11-22T08:46:00.123-04:30"), 1'795'353'360'123);
  EXPECT_EQ(ms_of("2026-11-22T13:16:00.1Z"), 1'795'353'360'100);
}

TEST(Time, DigitsPastMillisecondsAreCutOff) {
  EXPECT_EQ(ms_of("1970-01-01T00:00:00.123999999Z"), 123);
}

TEST(Time, ALeapSecondCountsAsTheLastMillisecondBefore) {
  EXPECT_EQ(ms_of("2016-12-31T23:59:60Z"), ms_of("2016-12-31T23:59:59.999Z"));
}

TEST(Time, WhatIsNoRfc3339IsAWrongType) {
  for (const char* text : {"",
                           "2026",
                           "2026-11-22",
                           "2026-11-22T13:16:00",
                           "2026-11-22T13:16Z",
                           "2026-13-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-00-10T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:61Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00Zx",
                           "2026-01-01T00:00:00+2:00",
                           "2026-01-01T00:00:00+24:00",
                           "2026/01/01T00:00:00Z",
                           "yesterday",
                           "2026-01-01T00:00:00.123",
                           "-026-01-01T00:00:00Z"}) {
    EXPECT_EQ(refusal(text), Errc::wrong_type) << text;
  }
}

TEST(Time, YearsThatNoShopSeesAreOutOfRange) {
  for (const char* text :
       {"9999-12-31T23:59:59Z", "1601-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z",
        "2100-01-01T00:00:00Z", "1970-01-01T00:00:00+00:01"}) {
    EXPECT_EQ(refusal(text), Errc::out_of_range) << text;
  }
  EXPECT_EQ(ms_of("2099-12-31T23:59:59.999Z"), event_time_ms_end - 1);
}

TEST(Time, WritesMillisecondsOnlyWhereThereAreAny) {
  EXPECT_EQ(to_rfc3339(at_ms(1'795'353'360'123)), "2026-11-22T13:16:00.123Z");
  EXPECT_EQ(to_rfc3339(at_ms(1'795'353'360'000)), "2026-11-22T13:16:00Z");
  EXPECT_EQ(to_iso_date(day_of(at_ms(1'795'353'360'000))), "2026-11-22");
}

TEST(Time, WhatWasWrittenReadsBackTheSame) {
  for (std::int64_t ms = 0; ms < event_time_ms_end; ms += 86'399'123'457) {
    EXPECT_EQ(ms_of(to_rfc3339(at_ms(ms))), ms);
  }
}

TEST(Time, EveryDayAgreesWithTheStandardCalendar) {
  for (Day day = -200'000; day < 100'000; day += 17) {
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    EXPECT_EQ(year_of(day), int{date.year()});
    const auto back =
        day_from_civil(int{date.year()}, unsigned{date.month()}, unsigned{date.day()});
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(*back, day);
  }
  EXPECT_EQ(first_day_of(1970), 0);
  EXPECT_EQ(first_day_of(2000), 10'957);
}

TEST(Time, ADateThatDoesNotExistIsRefused) {
  EXPECT_TRUE(day_from_civil(2024, 2, 29).has_value());
  EXPECT_TRUE(day_from_civil(2023, 2, 29).has_error());
  EXPECT_TRUE(day_from_civil(1900, 2, 29).has_error());
  EXPECT_TRUE(day_from_civil(2023, 13, 1).has_error());
  EXPECT_TRUE(day_from_civil(2023, 4, 31).has_error());
  EXPECT_TRUE(day_from_civil(2023, 0, 1).has_error());
}

TEST(Time, TheDayFollowsTheOffset) {
  EXPECT_EQ(day_of(at_ms(86'400'000 - 1)), 0);
  EXPECT_EQ(day_of(at_ms(86'400'000 - 1), 3600), 1);
  EXPECT_EQ(day_of(at_ms(0), -3600), -1);
  EXPECT_EQ(start_of(1, 3600), at_ms(86'400'000 - 3'600'000));
}

}  // namespace
}  // namespace fealty
