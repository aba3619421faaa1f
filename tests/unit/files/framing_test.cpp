#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "support.hpp"

namespace fealty::files::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Framing csv{.quotes = true, .separator = ',', .lone_cr = true, .sep_line = true};

Reading read_csv(const std::string& log, Framing framing = csv, std::uint32_t skip_lines = 0) {
  return read_logs({.logs = {log}, .skip_lines = skip_lines, .framing = framing});
}

TEST(Framing, ALineBreakWithinQuotesIsPartOfTheRecord) {
  const TempDir dir;
  const auto reading =
      read_csv(dir.write("a", "1,\"a\nb\"\n\"c\r\n\"\"d\",\n,\"e\"\"\n\"\n2,plain\r\n"));
  EXPECT_FALSE(reading.error);
  EXPECT_THAT(reading.texts(), ElementsAre("1,\"a\nb\"", "\"c\r\n\"\"d\",", ",\"e\"\"\n\"",
                                           "2,plain\r"));
}

TEST(Framing, AQuoteOpensOnlyWhereAFieldBegins) {
  const TempDir dir;
  EXPECT_THAT(read_csv(dir.write("a", "5\" pipe,x\nnext,y\"\nlast\n")).texts(),
              ElementsAre("5\" pipe,x", "next,y\"", "last"));
  EXPECT_THAT(read_csv(dir.write("b", "\"a\"b\",c\nnext\n")).texts(),
              ElementsAre("\"a\"b\",c", "next"));
  // Another separator: there no field begins.
  EXPECT_THAT(read_csv(dir.write("c", "a,\"b;\"c\nd\"\nlast\n"), {.quotes = true, .separator = ';'})
                  .texts(),
              ElementsAre("a,\"b;\"c\nd\"", "last"));
}

TEST(Framing, WhatIsQuotedAndDoesNotEndTakesTheRest) {
  const TempDir dir;
  const auto reading = read_csv(dir.write("a", "1\n\"open\npurchase,2\npurchase,3\n"));
  EXPECT_EQ(reading.lines.size(), 2U);
  EXPECT_EQ(reading.lines.back().text, "\"open\npurchase,2\npurchase,3\n");
  EXPECT_TRUE(reading.lines.back().unterminated);
}

TEST(Framing, WithoutQuotesEveryLineIsARecord) {
  const TempDir dir;
  EXPECT_THAT(read_csv(dir.write("a", "\"x\ny\"\n"), {.separator = '\t'}).texts(),
              ElementsAre("\"x", "y\""));
}

TEST(Framing, LinesMayEndWithALoneCarriageReturn) {
  const TempDir dir;
  EXPECT_THAT(read_csv(dir.write("a", "a,\"x\r\ny\rz\"\rb\rc")).texts(),
              ElementsAre("a,\"x\r\ny\rz\"", "b", "c"));
  // Only where the first line does.
  EXPECT_THAT(read_csv(dir.write("b", "a\r\nb\rc\r\n")).texts(), ElementsAre("a\r", "b\rc\r"));
  EXPECT_THAT(read_csv(dir.write("c", "a\nb\rc\n")).texts(), ElementsAre("a", "b\rc"));
  // In JSON it is a blank.
  EXPECT_THAT(read_csv(dir.write("d", "{\"a\":\r1}\n{}\n"), {}).texts(),
              ElementsAre("{\"a\":\r1}", "{}"));
}

TEST(Framing, AMarkAndALineForSpreadsheetsAreNoRecords) {
  const TempDir dir;
  for (const std::string mark : {"", "\xef\xbb\xbf"}) {
    for (const std::string end : {"\n", "\r\n"}) {
      const std::string log =
          dir.write("a", mark + "sep=,\r\n\"h\r\nh\",i" + end + "1,2" + end + "\"a\nb\"" + end + "3");
      InputIndex index;
      FileSource source{{.logs = {log}, .skip_lines = 1, .framing = csv}, Manifest{}, index};
      const auto reading = read_to_end(source);
      EXPECT_FALSE(reading.error);
      const std::string cr = end == "\n" ? "" : "\r";
      EXPECT_THAT(reading.texts(), ElementsAre("1,2" + cr, "\"a\nb\"" + cr, "3"));
      // A record's place is that of its first line.
      EXPECT_EQ(source.describe(0, 0), log + ":4");
      EXPECT_EQ(source.describe(0, 1), log + ":5");
      EXPECT_EQ(source.describe(0, 2), log + ":7");
    }
  }
  EXPECT_THAT(read_csv(dir.write("b", "\xef\xbb\xbf\"x\ny\"\n")).texts(), ElementsAre("\"x\ny\""));
  EXPECT_THAT(read_csv(dir.write("c", "sep=")).texts(), ElementsAre("sep="));
  EXPECT_THAT(read_csv(dir.write("d", "\xef\xbb\xbf")).texts(), IsEmpty());
  EXPECT_THAT(read_csv(dir.write("e", "sep=;\n")).texts(), IsEmpty());
}

TEST(Framing, PlacesAreThoseOfEachLog) {
  const TempDir dir;
  const std::string a = dir.write("a", "\"x\n\n\"\n1\n"), b = dir.write("b", "2\n\"y\nz\"\n3\n");
  InputIndex index;
  FileSource source{{.logs = {a, b}, .framing = csv}, Manifest{}, index};
  EXPECT_EQ(read_to_end(source).lines.size(), 5U);
  EXPECT_EQ(source.describe(0, 1), a + ":4");
  EXPECT_EQ(source.describe(0, 2), b + ":1");
  EXPECT_EQ(source.describe(0, 3), b + ":2");
  EXPECT_EQ(source.describe(0, 4), b + ":4");
  index.forget_before(5);
  EXPECT_EQ(source.describe(0, 4), b + ":4");
}

TEST(Framing, Utf16IsRefusedWithWhatToDo) {
  const TempDir dir;
  const auto utf16 = [](std::string_view mark, std::string_view text, bool big) {
    std::string out{mark};
    for (const char c : text) out += big ? std::string{'\0', c} : std::string{c, '\0'};
    return out;
  };
  for (const bool big : {false, true}) {
    for (const std::string_view mark : {"", big ? "\xfe\xff" : "\xff\xfe"}) {
      for (const std::string_view text : {"a", "{}\n", "type,id\r\npurchase,1\r\n"}) {
        if (mark.empty() && text.size() < 2) continue;
        for (const Framing& framing : {csv, Framing{}}) {
          const auto reading = read_csv(dir.write("log", utf16(mark, text, big)), framing, 1);
          ASSERT_TRUE(reading.error);
          EXPECT_EQ(reading.error->code, Errc::invalid_utf8);
          EXPECT_THAT(reading.error->detail, HasSubstr("log: is UTF-16: convert it"));
          EXPECT_THAT(reading.lines, IsEmpty());
        }
      }
    }
  }
}

/// Many records with quoted line breaks, in several blocks, and what a plain scan makes of them.
struct Sample {
  std::string text;
  std::vector<std::string> records;
};
Sample sample(std::uint64_t seed, std::size_t bytes) {
  std::mt19937_64 random{seed};
  Sample out;
  while (out.text.size() < bytes) {
    std::string record;
    for (auto fields = 1 + random() % 5; fields > 0; --fields) {
      if (!record.empty()) record += ',';
      const bool quoted = random() % 2 == 0;
      std::string field;
      for (auto size = random() % 40; size > 0; --size) {
        const char c = "abc\"\n\r,x"[random() % 8];
        if (quoted) {
          field += c == '"' ? "\"\"" : std::string{c};
        } else if (c >= 'a') {
          field += c;
        }
      }
      record += quoted ? '"' + field + '"' : field;
    }
    out.text += record + "\n";
    out.records.push_back(std::move(record));
  }
  return out;
}

TEST(Framing, HoldsOverBlocksAndInEveryEncoding) {
  const TempDir dir;
  const Sample some = sample(1, std::size_t{5} << 20U);
  const std::size_t half = some.text.find('"', some.text.size() / 2) + 1;  // within quotes, maybe
  const auto [head, tail] = std::pair{some.text.substr(0, half), some.text.substr(half)};
  for (const std::string& log :
       {dir.write("plain", some.text), dir.write("a.gz", gzip(some.text)),
        dir.write("b.gz", gzip(head) + gzip(tail)), dir.write("c.zst", zstd(head) + zstd(tail))}) {
    for (const bool prefetch : {false, true}) {
      const auto reading =
          read_logs({.logs = {log}, .framing = csv, .prefetch = prefetch}, 10'000);
      EXPECT_FALSE(reading.error);
      EXPECT_TRUE(reading.texts() == some.records) << log;
    }
  }
}

TEST(Framing, ARecordTooLongIsCutAndNothingInItIsTakenForOne) {
  const TempDir dir;
  std::string forged;
  while (forged.size() < 2 * line_bytes_max) forged += "purchase,x,\"\"\n";
  for (const std::size_t lead : {std::size_t{0}, line_bytes_max / 2, line_bytes_max - 3}) {
    const std::string text =
        "before\n" + std::string(lead, 'x') + ",\"" + forged + "\"\nafter,\"a\nb\"\n";
    for (const std::string& log : {dir.write("a", text), dir.write("b.gz", gzip(text))}) {
      const auto reading = read_csv(log);
      ASSERT_EQ(reading.lines.size(), 3U);
      EXPECT_EQ(reading.lines[0].text, "before");
      EXPECT_EQ(reading.lines[1].text.size(), line_bytes_max + 1);
      EXPECT_EQ(reading.lines[2].text, "after,\"a\nb\"");
    }
  }
}

TEST(Framing, ARunIsGoneOnWithFromAnyRecord) {
  const TempDir dir;
  const Sample some = sample(2, 20'000);
  const std::string log = dir.write("a", some.text);
  for (std::size_t from = 0; from < some.records.size(); from += 7) {
    InputIndex index;
    FileSource source{{.logs = {log}, .framing = csv}, Manifest{}, index};
    const auto reading = read_to_end(source, 10, from);
    ASSERT_FALSE(reading.error);
    ASSERT_EQ(reading.lines.size(), some.records.size() - from);
    EXPECT_EQ(reading.lines.front().text, some.records[from]);
    EXPECT_EQ(reading.lines.front().offset, from);
  }
}

}  // namespace
}  // namespace fealty::files::test
