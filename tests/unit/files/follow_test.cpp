#include <gmock/gmock.h>

#include <thread>

#include "support.hpp"

namespace fealty::files::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

void append(const std::string& path, std::string_view bytes) {
  std::ofstream{path, std::ios::binary | std::ios::app} << bytes;
}

/// A source that is being followed, and what came out of it so far.
class Followed {
 public:
  Followed(std::vector<std::string> logs, bool prefetch)
      : source_{{.logs = std::move(logs), .follow = true, .prefetch = prefetch}, {}, index_} {
    listener_.source = &source_;
    EXPECT_TRUE(source_.open(listener_));
  }
  /// Reads until `count` lines are there (or far too much time has passed).
  std::vector<std::string> read(std::size_t count) {
    const auto deadline = Clock::now() + std::chrono::seconds{30};
    while (lines_.size() < count && Clock::now() < deadline && !error) {
      const auto polled = poll_into(source_, batch_, lines_, 1000);
      if (!polled) error = polled.error();
    }
    std::vector<std::string> texts;
    for (const Line& line : lines_) texts.push_back(line.text + (line.unterminated ? "~" : ""));
    return texts;
  }
  /// True where nothing more comes within one poll.
  bool idle() { return *poll_into(source_, batch_, lines_, 1000) == ports::Polled::idle; }
  void read_to_error() {
    while (!error) (void)read(lines_.size() + 1);
  }
  std::optional<Error> error;

 private:
  InputIndex index_;
  FileSource source_;
  Listener listener_;
  ports::InputBatch batch_;
  std::vector<Line> lines_;
};

class Follow : public ::testing::TestWithParam<bool> {};

TEST_P(Follow, LinesAppendedLaterAreDelivered) {
  const TempDir dir;
  const auto log = dir.write("log", "one\n");
  Followed followed{{log}, GetParam()};
  EXPECT_THAT(followed.read(1), ElementsAre("one"));
  EXPECT_TRUE(followed.idle());
  std::thread writer{[&] {
    for (int i = 0; i < 200; ++i) append(log, "more" + std::to_string(i) + "\n");
  }};
  const auto texts = followed.read(201);
  writer.join();
  ASSERT_EQ(texts.size(), 201U);
  EXPECT_EQ(texts.back(), "more199");
}

TEST_P(Follow, ALineIsHeldUntilItsEndIsWritten) {
  const TempDir dir;
  const auto log = dir.write("log", "one\nhal");
  Followed followed{{log}, GetParam()};
  EXPECT_THAT(followed.read(1), ElementsAre("one"));
  EXPECT_TRUE(followed.idle());
  append(log, "f\ntwo\n");
  EXPECT_THAT(followed.read(3), ElementsAre("one", "half", "two"));
}

TEST_P(Follow, NewFilesOfADirectoryComeAfterTheRestOfTheLastOne) {
  const TempDir dir;
  Followed followed{{dir.path()}, GetParam()};
  EXPECT_TRUE(followed.idle());
  dir.write("1", "a\n");
  EXPECT_THAT(followed.read(1), ElementsAre("a"));
  append(dir / "1", "b\nrest");
  dir.write("2", "c\n");
  dir.write("3.gz", gzip("d\n"));
  EXPECT_THAT(followed.read(5), ElementsAre("a", "b", "rest~", "c", "d"));
  EXPECT_TRUE(followed.idle());
}

TEST_P(Follow, ACompressedLogMayGrowToo) {
  const TempDir dir;
  const std::string bytes = gzip(numbered_lines(10'000));
  const auto log = dir.write("log.gz", bytes.substr(0, bytes.size() / 2));
  Followed followed{{log}, GetParam()};
  EXPECT_GT(followed.read(100).size(), 99U);
  append(log, bytes.substr(bytes.size() / 2));
  EXPECT_EQ(followed.read(10'000).size(), 10'000U);
  append(log, gzip("next\n"));
  EXPECT_EQ(followed.read(10'001).back(), "next");
}

TEST_P(Follow, AFileThatSortsBeforeThoseReadIsAGap) {
  const TempDir dir;
  dir.write("5", "a\n");
  Followed followed{{dir.path()}, GetParam()};
  EXPECT_THAT(followed.read(1), ElementsAre("a"));
  dir.write("4", "too late\n");
  followed.read_to_error();
  EXPECT_EQ(followed.error->code, Errc::input_gap);
  EXPECT_THAT(followed.error->detail, HasSubstr("/4: appeared before"));
}

TEST_P(Follow, ALogThatShrinksIsAGap) {
  const TempDir dir;
  const auto log = dir.write("log", "one\ntwo\n");
  Followed followed{{log}, GetParam()};
  EXPECT_THAT(followed.read(2), ElementsAre("one", "two"));
  std::filesystem::resize_file(log, 4);
  followed.read_to_error();
  EXPECT_EQ(followed.error->code, Errc::input_gap);
  EXPECT_THAT(followed.error->detail, HasSubstr(log));
}

INSTANTIATE_TEST_SUITE_P(FileSource, Follow, ::testing::Bool(), [](const auto& param) {
  return param.param ? "ReadingAhead" : "ReadingWhenAsked";
});

}  // namespace
}  // namespace fealty::files::test
