#include "fealty/files/record_log.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fealty/files/file_source.hpp"
#include "fealty/files/recorded_source.hpp"
#include "support.hpp"

namespace fealty::files {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using test::slurp;
using test::TempDir;

RecordHeader header_of(ports::Offset from, ports::Offset to) {
  return {.topic = "events",
          .partition = 3,
          .partitions = 4,
          .from = from,
          .to = to,
          .timeline = true,
          .mapping = "cloudevents",
          .mapping_fingerprint = 0xfedcba9876543210,
          .key_check = true,
          .program_id = "shop",
          .generations = {{.version = 1, .fingerprint = 7}, {2, 0xffffffffffffffff, 20'000, 5}}};
}

/// A record that owns what it is made of.
struct Made {
  ports::Offset offset = 0;
  std::optional<std::string> value = "v", key = "anna";
  std::vector<std::pair<std::string, std::string>> headers{};
  std::int64_t timestamp_ms = 1'700'000'000'000;
  bool append_time = false, refused = false;
  std::optional<std::int64_t> advance_ms{};
  friend bool operator==(const Made&, const Made&) = default;
};

std::string write(const std::string& path, const RecordHeader& header,
                  const std::vector<Made>& records) {
  auto log = RecordLogWriter::create(path, header);
  EXPECT_TRUE(log);
  for (const Made& made : records) {
    if (made.advance_ms) {
      EXPECT_TRUE(
          log->advance(made.offset, EventTime{std::chrono::milliseconds{*made.advance_ms}}));
      continue;
    }
    std::vector<event::Header> headers;
    for (const auto& [name, value] : made.headers) headers.push_back({name, value});
    ports::InputRecord record;
    record.offset = made.offset;
    if (made.value) record.value = *made.value;
    record.null = !made.value;
    if (made.key) record.key = made.key->empty() ? std::string_view{"", 0} : *made.key;
    record.headers = headers;
    record.timestamp_ms = made.timestamp_ms;
    record.append_time = made.append_time;
    EXPECT_TRUE(log->add(record, made.refused));
  }
  EXPECT_TRUE(log->finish());
  return path;
}

struct ReadBack {
  std::vector<Made> records;
  std::optional<Error> error;
};

ReadBack read(const std::vector<std::string>& logs, std::size_t batch = 3) {
  InputIndex index;
  FileSource lines{{.logs = logs, .prefetch = false}, Manifest{}, index};
  RecordedSource source{lines, header_of(0, 0)};
  test::Listener listener;
  listener.source = &source;
  ReadBack out;
  if (auto opened = source.open(listener); !opened) return {{}, opened.error()};
  ports::InputBatch polled;
  while (true) {
    const auto more = source.poll(polled, batch, std::chrono::milliseconds{0});
    if (!more) out.error = more.error();
    if (!more || *more != ports::Polled::records) return out;
    for (const ports::InputRecord& record : polled.records) {
      EXPECT_EQ(record.recorded->topic, "events");
      EXPECT_EQ(record.recorded->partition, 3U);
      Made& made = out.records.emplace_back();
      made.offset = record.recorded->offset;
      if (record.recorded->advance) {
        made.advance_ms = record.recorded->advance->time_since_epoch().count();
        continue;
      }
      made.value = record.null ? std::nullopt : std::optional{std::string{record.value}};
      made.key =
          record.key.data() == nullptr ? std::nullopt : std::optional{std::string{record.key}};
      for (const event::Header& header : record.headers) {
        made.headers.emplace_back(header.name, header.value);
      }
      made.timestamp_ms = record.timestamp_ms;
      made.append_time = record.append_time;
      made.refused = record.recorded->refused;
    }
  }
}

const std::string not_text{"\xff\xfe\0\x80", 4};

TEST(RecordLog, GivesBackWhatWasWrittenToTheByte) {
  const TempDir dir;
  std::string large(700'000, 'x');  // in parts
  for (std::size_t i = 0; i < large.size(); i += 3) large[i] = static_cast<char>(i);
  const std::vector<Made> records{
      {.offset = 2},
      {.offset = 3, .value = R"({"a":"\"\u00e9é\n"})", .key = std::nullopt},
      {.offset = 3, .advance_ms = 1'700'000'086'400},
      {.offset = 5, .value = std::nullopt, .key = ""},
      {.offset = 6, .value = "", .key = not_text, .timestamp_ms = -1},
      {.offset = 7, .value = not_text, .headers = {{"ce_id", "7"}, {"", ""}, {"raw", not_text}}},
      {.offset = 8, .value = large, .append_time = true},
      {.offset = 9, .value = std::string("a\0b\x1f\r", 5), .refused = true},
      {.offset = 12, .advance_ms = -1},
  };
  const std::string log = write(dir / "log.ndjson", header_of(2, 12), records);
  for (const std::size_t batch : {1, 2, 100}) {
    const ReadBack back = read({log}, batch);
    EXPECT_FALSE(back.error) << back.error->detail;
    EXPECT_EQ(back.records, records);
  }
  const auto headers = record_headers({log});
  ASSERT_TRUE(headers);
  EXPECT_THAT(*headers, ElementsAre(header_of(2, 12)));
}

TEST(RecordLog, WhatIsCutOrDamagedEndsThereAndNotBefore) {
  const TempDir dir;
  const std::string whole =
      slurp(write(dir / "log", header_of(0, 3), {{.offset = 0}, {.offset = 1}, {.offset = 2}}));
  const std::size_t end = whole.rfind("{\"end\"");
  const auto with = [&](const std::string& text) { return read({dir.write("cut", text)}); };
  const auto replaced = [&](std::string_view what, std::string_view by) {
    std::string text = whole;
    return text.replace(text.find(what), what.size(), by);
  };
  struct Case {
    std::string text, says;
    std::size_t delivered = 3;
  };
  for (const auto& [text, says, delivered] :
       {Case{whole.substr(0, end), "without its end"}, Case{whole.substr(0, end - 4), "cut:4", 2},
        Case{whole.substr(0, whole.size() - 1), "cut:5"},
        Case{replaced("{\"offset\":1", "{\"offset\":-1"), "cut:3", 1},
        Case{replaced("\"value\"", "\"valve\""), "cut:2", 0},
        Case{replaced("\"records\":3", "\"records\":4"), "holds 3 records, and should hold 4"},
        Case{replaced("\"value\":\"v\"", "\"value\":\"w\""), "one of them was changed"},
        Case{whole + "{}\n", "cut:6"}, Case{whole.substr(0, end) + whole, "lacks its end"}}) {
    const ReadBack back = with(text);
    ASSERT_TRUE(back.error) << says;
    EXPECT_EQ(back.error->code, Errc::input_corrupt);
    EXPECT_THAT(back.error->detail, HasSubstr(says));
    EXPECT_EQ(back.records.size(), delivered) << says;
  }
}

TEST(RecordLog, NothingAppearsUnderItsNameBeforeItIsWhole) {
  const TempDir dir;
  {
    auto log = RecordLogWriter::create(dir / "log", header_of(0, 1));
    ASSERT_TRUE(log);
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(RecordLog, RangesOfAPartitionAreReadInOrderAndNothingElseTogether) {
  const TempDir dir;
  const std::string a = write(dir / "a", header_of(0, 2), {{.offset = 0}, {.offset = 1}});
  const std::string b = write(dir / "b", header_of(2, 3), {{.offset = 2}});
  const ReadBack back = read({a, b});
  EXPECT_FALSE(back.error);
  EXPECT_EQ(back.records.size(), 3U);
  const auto both = record_headers({a, b});
  ASSERT_TRUE(both);
  EXPECT_EQ(both->size(), 2U);

  RecordHeader other = header_of(2, 3);
  other.partition = 1;
  const std::string elsewhere = write(dir / "elsewhere", other, {});
  RecordHeader changed = header_of(2, 3);
  changed.mapping = "flat";
  const std::string otherwise = write(dir / "otherwise", changed, {});
  dir.write("plain", "{\"id\":1}\n");
  dir.write("empty", "");
  for (const auto& [logs, says] :
       {std::pair{std::vector{a, elsewhere}, "each by itself"},
        std::pair{std::vector{b, a}, "in order"}, std::pair{std::vector{a, a}, "in order"},
        std::pair{std::vector{a, otherwise}, "set up differently"},
        std::pair{std::vector{a, dir / "plain"}, "no record log"},
        std::pair{std::vector{dir / "plain", a}, "no record log"},
        std::pair{std::vector{a, dir / "empty"}, "no record log"}}) {
    const auto refused = record_headers(logs);
    ASSERT_FALSE(refused) << says;
    EXPECT_EQ(refused.error().code, Errc::usage);
    EXPECT_THAT(refused.error().detail, HasSubstr(says));
  }
  const auto none = record_headers({dir / "plain", dir / "empty"});
  EXPECT_TRUE(none && none->empty());
}

TEST(RecordLog, AHeaderThatIsDamagedOrOfALaterFormIsRefused) {
  const auto later = read_record_header(R"({"fealty_record":2})");
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, Errc::wrong_revision);
  const auto damaged = read_record_header(R"({"fealty_record":1,"topic":7})");
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Errc::input_corrupt);
  const auto none = read_record_header(R"({"id":"7"})");
  EXPECT_TRUE(none && !*none);
}

}  // namespace
}  // namespace fealty::files
