#include "reload_signal.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace fealty::cli {
namespace {

using namespace std::chrono_literals;

/// A file and a clock in the hands of the test.
struct Watched {
  std::optional<FileVersion> file = FileVersion{.inode = 1, .size = 100, .modified_ns = 5};
  std::chrono::steady_clock::time_point now{};
  int looks = 0;
  std::atomic<bool> hangup{false};
  ReloadSignal signal{"program.yaml", hangup, [this] { return now; },
                      [this](const std::string& path) {
                        EXPECT_EQ(path, "program.yaml");
                        ++looks;
                        return file;
                      }};

  Reload after(std::chrono::milliseconds passed) {
    now += passed;
    return signal.take();
  }
};

TEST(ReloadSignal, SaysNothingOfAFileThatStaysAsItIs) {
  Watched watched;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(watched.after(1s), Reload::no);
  EXPECT_EQ(watched.looks, 11);
}

TEST(ReloadSignal, LooksOnceASecondHoweverOftenItIsAsked) {
  Watched watched;
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(watched.after(1ms), Reload::no);
  EXPECT_EQ(watched.looks, 11);
}

TEST(ReloadSignal, TellsAChangeOnceAfterTwoLooksThatAgree) {
  const FileVersion changed[]{{.inode = 2, .size = 100, .modified_ns = 5},
                              {.inode = 1, .size = 101, .modified_ns = 5},
                              {.inode = 1, .size = 100, .modified_ns = 4}};
  for (const FileVersion& version : changed) {
    Watched watched;
    watched.file = version;
    EXPECT_EQ(watched.after(999ms), Reload::no);
    EXPECT_EQ(watched.after(1ms), Reload::no);
    EXPECT_EQ(watched.after(1s), Reload::file_changed);
    EXPECT_EQ(watched.after(1s), Reload::no);
    EXPECT_EQ(watched.after(1h), Reload::no);
  }
}

TEST(ReloadSignal, WaitsForAFileThatIsStillBeingWritten) {
  Watched watched;
  for (std::uint64_t size = 0; size < 5; ++size) {
    watched.file->size = size;
    EXPECT_EQ(watched.after(1s), Reload::no);
  }
  EXPECT_EQ(watched.after(1s), Reload::file_changed);
}

TEST(ReloadSignal, AFileThatIsGoneIsWaitedFor) {
  Watched watched;
  const auto before = std::exchange(watched.file, std::nullopt);
  EXPECT_EQ(watched.after(1s), Reload::no);
  EXPECT_EQ(watched.after(1s), Reload::no);
  // Back as it was, there is nothing to tell; another one in its place is a change.
  watched.file = before;
  EXPECT_EQ(watched.after(1s), Reload::no);
  EXPECT_EQ(watched.after(1s), Reload::no);
  watched.file = std::nullopt;
  EXPECT_EQ(watched.after(1s), Reload::no);
  watched.file = FileVersion{.inode = 9, .size = 100, .modified_ns = 5};
  EXPECT_EQ(watched.after(1s), Reload::no);
  EXPECT_EQ(watched.after(1s), Reload::file_changed);
}

TEST(ReloadSignal, AChangeTakenBackBetweenTwoLooksIsNone) {
  Watched watched;
  watched.file->size = 7;
  EXPECT_EQ(watched.after(1s), Reload::no);
  watched.file->size = 100;
  EXPECT_EQ(watched.after(1s), Reload::no);
  EXPECT_EQ(watched.after(1s), Reload::no);
}

TEST(ReloadSignal, AHangupIsToldAtOnceAndOnceAndCoversWhatChangedBefore) {
  Watched watched;
  watched.file->size = 7;
  watched.hangup = true;
  EXPECT_EQ(watched.after(0ms), Reload::hangup);
  EXPECT_FALSE(watched.hangup);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(watched.after(1s), Reload::no);
  // What changes after it is another reason.
  watched.file->size = 8;
  EXPECT_EQ(watched.after(1s), Reload::no);
  EXPECT_EQ(watched.after(1s), Reload::file_changed);
}

TEST(ReloadSignal, SighupSetsTheFlagEachTimeAndEndsNothing) {
  std::atomic<bool>& hangup = hangup_signal();
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(hangup);
    ASSERT_EQ(std::raise(SIGHUP), 0);
    EXPECT_TRUE(hangup.exchange(false));
  }
}

class FileVersionTest : public testing::Test {
 protected:
  FileVersionTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fealty-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~FileVersionTest() override { std::filesystem::remove_all(directory_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{directory_ / name} << text;
    return (directory_ / name).string();
  }
  std::filesystem::path directory_;
};

TEST_F(FileVersionTest, DiffersInSizeTimeAndFile) {
  const std::string file = write("a", "one");
  const auto first = file_version(file);
  ASSERT_TRUE(first);
  EXPECT_EQ(file_version(file), first);

  // Given the same time, another size.
  const auto time = std::filesystem::last_write_time(file);
  write("a", "three");
  std::filesystem::last_write_time(file, time);
  EXPECT_NE(file_version(file), first);

  // The same size, another time, as little as can be told.
  write("a", "two");
  std::filesystem::last_write_time(file, time + std::chrono::microseconds{1});
  EXPECT_NE(file_version(file), first);

  // The same size and time, another file renamed into its place.
  const std::string other = write("b", "one");
  std::filesystem::last_write_time(other, time);
  std::filesystem::rename(other, file);
  ASSERT_EQ(std::filesystem::last_write_time(file), time);
  EXPECT_NE(file_version(file), first);
}

TEST_F(FileVersionTest, IsOfTheFileThatALinkLeadsToNow) {
  const std::string one = write("one", "1"), two = write("two", "2");
  const std::string link = (directory_ / "link").string();
  std::filesystem::create_symlink(one, link);
  EXPECT_EQ(file_version(link), file_version(one));
  std::filesystem::remove(link);
  EXPECT_EQ(file_version(link), std::nullopt);
  std::filesystem::create_symlink(two, link);
  EXPECT_EQ(file_version(link), file_version(two));
  EXPECT_NE(file_version(link), file_version(one));
}

TEST_F(FileVersionTest, OfADirectoryThereIsNone) {
  EXPECT_EQ(file_version(directory_.string()), std::nullopt);
}

}  // namespace
}  // namespace fealty::cli
