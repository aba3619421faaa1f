#include <gmock/gmock.h>
#include <unistd.h>

#include <thread>

#include "support.hpp"

namespace fealty::files::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(FileSource, ALogIsReadLineByLineWithDenseOffsets) {
  const TempDir dir;
  const auto reading = read_logs({.logs = {dir.write("a.ndjson", "one\ntwo\r\n\nfour\n")}});
  EXPECT_FALSE(reading.error);
  EXPECT_THAT(reading.lines,
              ElementsAre(Line{0, "one"}, Line{1, "two\r"}, Line{2, ""}, Line{3, "four"}));
}

TEST(FileSource, AnEmptyLogHasNoRecords) {
  const TempDir dir;
  const auto reading = read_logs({.logs = {dir.write("a", ""), dir.write("b.gz", "")}});
  EXPECT_FALSE(reading.error);
  EXPECT_THAT(reading.lines, IsEmpty());
}

TEST(FileSource, ALastLineWithoutEndIsMarked) {
  const TempDir dir;
  const auto reading = read_logs({.logs = {dir.write("a", "one\ntwo"), dir.write("b", "three")}});
  EXPECT_THAT(reading.lines,
              ElementsAre(Line{0, "one"}, Line{1, "two", true}, Line{2, "three", true}));
}

class EveryEncoding : public ::testing::TestWithParam<bool> {};

TEST_P(EveryEncoding, GivesTheSameLines) {
  // Given the same text of several blocks, plain, compressed, and in several members or frames.
  const std::string text = numbered_lines(150'000, "a line of some length, number ");
  const std::string_view head = std::string_view{text}.substr(0, 1'234'567);
  const std::string_view tail = std::string_view{text}.substr(1'234'567);
  const std::string skippable{"\x50\x2a\x4d\x18\x03\x00\x00\x00xyz", 11};
  const TempDir dir;
  const std::vector<std::string> logs = {
      dir.write("plain", text),
      dir.write("a.gz", gzip(text)),
      dir.write("b", gzip(head) + gzip(tail) + std::string(7, '\0')),
      dir.write("c.zst", zstd(text)),
      dir.write("d", zstd(head) + skippable + zstd(tail)),
      dir.write("e", skippable + zstd(text))};
  std::vector<Line> expected;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) expected.push_back({expected.size(), line});

  for (const std::string& log : logs) {
    for (const std::size_t records_max : {std::size_t{777}, std::size_t{1'000'000}}) {
      const auto reading = read_logs({.logs = {log}, .prefetch = GetParam()}, records_max);
      EXPECT_FALSE(reading.error) << log;
      EXPECT_TRUE(reading.lines == expected) << log;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(FileSource, EveryEncoding, ::testing::Bool(), [](const auto& param) {
  return param.param ? "ReadingAhead" : "ReadingWhenAsked";
});

TEST(FileSource, ATextThatBeginsLikeACompressedFileIsText) {
  const TempDir dir;
  EXPECT_THAT(read_logs({.logs = {dir.write("a", "P")}}).texts(), ElementsAre("P"));
  EXPECT_THAT(read_logs({.logs = {dir.write("b", "PQ\nR\n")}}).texts(), ElementsAre("PQ", "R"));
}

TEST(FileSource, StandardInputIsReadThroughAPipe) {
  // Given a writer that sends more than a pipe holds, compressed.
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string text = numbered_lines(100'000);
  std::thread writer{[&] {
    const std::string bytes = zstd(text);
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const auto n = ::write(ends[1], bytes.data() + sent, bytes.size() - sent);
      ASSERT_GT(n, 0);
      sent += static_cast<std::size_t>(n);
    }
    ::close(ends[1]);
  }};

  const auto reading = read_logs({.logs = {"-"}, .stdin_fd = ends[0]});
  writer.join();
  ::close(ends[0]);

  EXPECT_FALSE(reading.error);
  ASSERT_EQ(reading.lines.size(), 100'000U);
  EXPECT_EQ(reading.lines.back(), (Line{99'999, "line99999"}));
}

TEST(FileSource, LogsAreReadInTheOrderNamedAndDirectoriesByName) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "logs");
  dir.write("logs/2", "second\n");
  dir.write("logs/1.gz", gzip("first\n"));
  dir.write("logs/10", "between\n");
  dir.write("logs/.hidden", "no\n");
  const auto reading =
      read_logs({.logs = {dir.write("z", "z\n"), dir / "logs", dir.write("a", "a")}});
  EXPECT_THAT(reading.texts(), ElementsAre("z", "first", "between", "second", "a"));
}

TEST(FileSource, HeaderLinesAreNoRecords) {
  const TempDir dir;
  InputIndex index;
  const std::string a = dir.write("a.csv", "id,name\n1,x\n2,y\n");
  const std::string b = dir.write("b.csv", "id,name\n3,z\n");
  FileSource source{
      {.logs = {a, dir.write("aa", "only a header"), b}, .skip_lines = 1}, Manifest{}, index};
  const auto reading = read_to_end(source);
  EXPECT_THAT(reading.lines, ElementsAre(Line{0, "1,x"}, Line{1, "2,y"}, Line{2, "3,z"}));
  // And a record's place counts them.
  EXPECT_EQ(source.describe(0, 1), a + ":3");
  EXPECT_EQ(source.describe(0, 2), b + ":2");
}

TEST(FileSource, ALineTooLongIsCutAndItsNeighboursAreWhole) {
  const TempDir dir;
  const std::string longest(line_bytes_max, 'm');
  const std::string cut(line_bytes_max + 1, 'x');
  for (const std::size_t size :
       {line_bytes_max + 1, line_bytes_max + 2, 2 * line_bytes_max, 2 * line_bytes_max + 1,
        3 * line_bytes_max + 17, std::size_t{100} * 1024 * 1024}) {
    const std::string text = "before\n" + longest + "\n" + std::string(size, 'x') + "\nafter\n" +
                             std::string(size, 'x') + "\n" + std::string(size, 'x');
    const auto log = dir.write("a", text);
    const auto reading = read_logs({.logs = {log, dir.write("b", "next\n")}});
    EXPECT_FALSE(reading.error);
    const std::vector<Line> expected = {{0, "before"}, {1, longest},   {2, cut},   {3, "after"},
                                        {4, cut},      {5, cut, true}, {6, "next"}};
    EXPECT_TRUE(reading.lines == expected) << size;
  }
}

TEST(FileSource, ALogThatIsNotThereIsNamedBeforeAnythingIsRead) {
  const TempDir dir;
  const auto reading = read_logs({.logs = {dir.write("a", "one\n"), dir / "missing"}});
  ASSERT_TRUE(reading.error);
  EXPECT_EQ(reading.error->code, Errc::input_unreadable);
  EXPECT_THAT(reading.error->detail, HasSubstr("missing: No such file or directory"));
  EXPECT_THAT(reading.lines, IsEmpty());
}

class Damaged : public ::testing::TestWithParam<bool> {};

TEST_P(Damaged, ALogGivesAllLinesBeforeTheDamageThenNamesThePlace) {
  // Given two members (frames), and a header that makes no sense in the second.
  const std::string good = numbered_lines(100'000);
  std::string bad = GetParam() ? zstd("lost\n") : gzip("lost\n");
  for (std::size_t i = GetParam() ? 4 : 2; i < bad.size(); ++i) bad[i] = '\xff';
  const TempDir dir;
  const std::string log = dir.write("log", (GetParam() ? zstd(good) : gzip(good)) + bad);

  const auto reading = read_logs({.logs = {log}});

  ASSERT_TRUE(reading.error);
  EXPECT_EQ(reading.error->code, Errc::input_corrupt);
  EXPECT_THAT(reading.error->detail, HasSubstr(log + ": byte "));
  ASSERT_EQ(reading.lines.size(), 100'000U);
  EXPECT_EQ(reading.lines.back().text, "line99999");
}

TEST_P(Damaged, ALogWithAFlippedByteIsRefused) {
  const std::string text = numbered_lines(100'000);
  std::string bytes = GetParam() ? zstd(text) : gzip(text);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  const TempDir dir;
  const auto reading = read_logs({.logs = {dir.write("log", bytes)}});
  ASSERT_TRUE(reading.error);
  EXPECT_EQ(reading.error->code, Errc::input_corrupt);
}

TEST_P(Damaged, ALogThatStopsInTheMiddleGivesItsWholeLinesThenAnError) {
  const std::string text = numbered_lines(100'000);
  const std::string bytes = GetParam() ? zstd(text) : gzip(text);
  const TempDir dir;
  const auto reading = read_logs({.logs = {dir.write("log", bytes.substr(0, bytes.size() - 5))}});
  ASSERT_TRUE(reading.error);
  EXPECT_EQ(reading.error->code, Errc::input_corrupt);
  EXPECT_THAT(reading.error->detail, HasSubstr("ends in the middle"));
  EXPECT_GT(reading.lines.size(), 50'000U);
  for (const Line& line : reading.lines) EXPECT_FALSE(line.unterminated);
}
INSTANTIATE_TEST_SUITE_P(FileSource, Damaged, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Zstd" : "Gzip"; });

TEST(FileSource, GarbageBehindACompressedLogIsCorrupt) {
  const TempDir dir;
  for (const std::string& bytes : {gzip("one\n") + "garbage", zstd("one\n") + "garbage"}) {
    const auto reading = read_logs({.logs = {dir.write("log", bytes)}});
    EXPECT_THAT(reading.texts(), ElementsAre("one"));
    ASSERT_TRUE(reading.error);
    EXPECT_EQ(reading.error->code, Errc::input_corrupt);
  }
}

TEST(FileSource, ReadingGoesBackWhereAPartitionIsStartedAgain) {
  const TempDir dir;
  InputIndex index;
  FileSource source{{.logs = {dir.write("a", numbered_lines(5)), dir.write("b", numbered_lines(5))},
                     .partitions = 2},
                    Manifest{},
                    index};
  EXPECT_EQ(read_to_end(source).lines.size(), 10U);

  ASSERT_TRUE(source.start_at(0, 7));
  ASSERT_TRUE(source.start_at(1, 3));
  ports::InputBatch batch;
  std::vector<Line> lines;
  while (*poll_into(source, batch, lines, 2) == ports::Polled::records) {
  }
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_EQ(lines.front(), (Line{3, "line3"}));
  EXPECT_EQ(lines.back(), (Line{9, "line4"}));
}

TEST(FileSource, ProgressEndsAtTheBytesOnDisk) {
  const TempDir dir;
  const std::string a = numbered_lines(1000);
  const std::string b = gzip(numbered_lines(1000));
  InputIndex index;
  FileSource source{{.logs = {dir.write("a", a), dir.write("b", b)}}, Manifest{}, index};
  EXPECT_EQ(read_to_end(source).lines.size(), 2000U);
  EXPECT_EQ(source.progress().total_bytes, a.size() + b.size());
  EXPECT_EQ(source.progress().done_bytes, a.size() + b.size());
}

}  // namespace
}  // namespace fealty::files::test
