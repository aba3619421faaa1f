#include "fealty/state/rocks_store.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "store_fixture.hpp"

namespace fealty::state {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::unique_ptr<RocksStore> opened(const std::string& directory, const RocksShared& shared) {
  auto store = RocksStore::open(directory, 0, shared);
  EXPECT_TRUE(store) << to_string(store.error());
  return store ? std::move(*store) : nullptr;
}

Error open_error(const std::string& directory, Access access = Access::read_write) {
  const RocksShared shared;
  const auto store = RocksStore::open(directory, 0, shared, access);
  EXPECT_FALSE(store.has_value());
  return store ? Error{Errc::usage} : store.error();
}

void fill(const std::string& directory) {
  const RocksShared shared{{.write_ahead_log = false}};  // So that closing makes a table file.
  const auto store = opened(directory, shared);
  Saver saver{*store};
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    saver.member(samples::typical_member("m" + std::to_string(i), i));
  }
  ASSERT_TRUE(saver.checkpoint(samples::checkpoint(1)).save());
}

std::vector<fs::path> files_like(const std::string& directory, const std::string& part) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator{directory}) {
    if (entry.path().filename().string().find(part) != std::string::npos) found.push_back(entry);
  }
  return found;
}

void overwrite(const fs::path& file, std::size_t at, std::string_view bytes) {
  std::fstream stream{file, std::ios::in | std::ios::out | std::ios::binary};
  stream.seekp(static_cast<std::streamoff>(at));
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

TEST(RocksStore, KeepsEachPartitionInADirectoryOfItsOwn) {
  const TemporaryDirectory directory;
  const RocksShared shared;
  for (const std::uint32_t partition : {0U, 3U, 12'345U}) {
    auto store = RocksStore::open(directory.path(), partition, shared);
    ASSERT_TRUE(store);
    ASSERT_TRUE(Saver{**store}.member(samples::typical_member("anna", partition)).save());
  }
  EXPECT_TRUE(fs::is_directory(directory.path() + "/p0003"));
  EXPECT_THAT(RocksStore::partitions(directory.path()), ElementsAre(0, 3, 12'345));
  EXPECT_THAT(RocksStore::partitions(directory.path() + "/none"), ElementsAre());
  EXPECT_EQ(loaded(**RocksStore::open(directory.path(), 3, shared), "anna"),
            samples::typical_member("anna", 3));
}

TEST(RocksStore, RefusesADirectoryInUse) {
  const TemporaryDirectory directory;
  const RocksShared shared;
  const auto first = opened(directory.path(), shared);
  const Error error = open_error(directory.path());
  EXPECT_EQ(error.code, Errc::state_in_use);
  EXPECT_THAT(error.detail, HasSubstr(directory.path() + "/p0000"));
}

TEST(RocksStore, LetsAReaderIntoADirectoryInUse) {
  const TemporaryDirectory directory;
  const RocksShared shared;
  const auto writer = opened(directory.path(), shared);
  ASSERT_TRUE(Saver{*writer}.member(samples::typical_member("anna")).save());
  auto reader = RocksStore::open(directory.path(), 0, shared, Access::read_only);
  ASSERT_TRUE(reader) << to_string(reader.error());
  EXPECT_EQ(loaded(**reader, "anna"), samples::typical_member("anna"));
}

TEST(RocksStore, MakesNothingForAReader) {
  const TemporaryDirectory directory;
  EXPECT_EQ(open_error(directory.path(), Access::read_only).code, Errc::input_unreadable);
  EXPECT_FALSE(fs::exists(directory.path() + "/p0000"));
}

TEST(RocksStore, RefusesEveryOtherFormat) {
  const TemporaryDirectory directory;
  fill(directory.path());
  for (const std::string other : {"1", "3"}) {
    std::ofstream{directory.path() + "/p0000/FORMAT"} << "fealty-state " << other << '\n';
    const Error error = open_error(directory.path());
    EXPECT_EQ(error.code, Errc::wrong_revision);
    EXPECT_THAT(error.detail, HasSubstr(directory.path() + "/p0000: format " + other));
    EXPECT_EQ(error.detail.find("replay the whole log") != std::string::npos, other == "1");
  }
}

TEST(RocksStore, RefusesWhatIsNotItsDirectory) {
  const TemporaryDirectory directory;
  // A file in its place.
  std::ofstream{directory.path() + "/p0000"} << "x";
  EXPECT_EQ(open_error(directory.path()).code, Errc::output_unwritable);
  EXPECT_THAT(open_error(directory.path()).detail, HasSubstr("not a directory"));
  fs::remove(directory.path() + "/p0000");
  // Somebody else's files: they stay as they are.
  fs::create_directory(directory.path() + "/p0000");
  std::ofstream{directory.path() + "/p0000/thesis.tex"} << "x";
  EXPECT_THAT(open_error(directory.path()).detail, HasSubstr("no FORMAT file"));
  EXPECT_THAT(files_like(directory.path() + "/p0000", ""), testing::SizeIs(1));
  // A path through a file.
  EXPECT_EQ(open_error(directory.path() + "/p0000/thesis.tex").code, Errc::output_unwritable);
}

TEST(RocksStore, SaysWhichDirectoryItMayNotWrite) {
  const TemporaryDirectory directory;
  fs::permissions(directory.path(), fs::perms::owner_read | fs::perms::owner_exec |
                                        fs::perms::others_read | fs::perms::others_exec);
  // Root may write anywhere: be nobody for a moment.
  constexpr uid_t nobody = 65534;
  const bool root = geteuid() == 0;
  ASSERT_EQ(root ? seteuid(nobody) : 0, 0);
  const Error error = open_error(directory.path());
  ASSERT_EQ(root ? seteuid(0) : 0, 0);
  EXPECT_EQ(error.code, Errc::output_unwritable);
  EXPECT_THAT(error.detail, HasSubstr(directory.path()));
  fs::permissions(directory.path(), fs::perms::owner_all);
}

TEST(RocksStore, FinishesAStartThatWasCutOff) {
  const TemporaryDirectory directory;
  fs::create_directory(directory.path() + "/p0000");
  std::ofstream{directory.path() + "/p0000/FORMAT.new"} << "fea";
  const RocksShared shared;
  EXPECT_TRUE(opened(directory.path(), shared)->empty());
}

TEST(RocksStore, CallsADamagedTableCorrupt) {
  const TemporaryDirectory directory;
  fill(directory.path());
  for (const auto& table : files_like(directory.path() + "/p0000", ".sst")) {
    overwrite(table, 1'000, std::string(200, '\x5a'));
  }
  const RocksShared shared;
  const auto store = opened(directory.path(), shared);
  const auto scanned = store->scan([](const member::Record&) { return Result<void>{}; });
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().code, Errc::store_corrupt);
  EXPECT_THAT(scanned.error().detail, HasSubstr(directory.path()));
}

TEST(RocksStore, CallsMissingOrDamagedCatalogueFilesCorrupt) {
  const auto damaged = [](auto&& damage) {
    const TemporaryDirectory directory;
    fill(directory.path());
    damage(directory.path() + "/p0000");
    return open_error(directory.path()).code;
  };
  EXPECT_EQ(damaged([](const std::string& in) { fs::remove(in + "/CURRENT"); }),
            Errc::store_corrupt);
  EXPECT_EQ(damaged([](const std::string& in) { fs::resize_file(in + "/CURRENT", 0); }),
            Errc::store_corrupt);
  EXPECT_EQ(damaged([](const std::string& in) {
              overwrite(files_like(in, "MANIFEST-").at(0), 10, std::string(20, '\x5a'));
            }),
            Errc::store_corrupt);
  EXPECT_EQ(damaged([](const std::string& in) { fs::resize_file(in + "/FORMAT", 3); }),
            Errc::store_corrupt);
  EXPECT_EQ(damaged([](const std::string& in) {
              for (const auto& table : files_like(in, ".sst")) fs::remove(table);
            }),
            Errc::store_corrupt);
}

/// The child of the test below: saves for ever, batch n = members m0 to m49 as of n, and writes a
/// byte to `ready_fd` once some are saved.
int save_until_killed(const std::string& directory, bool write_ahead_log, int ready_fd) {
  const RocksShared shared{{.write_buffer_bytes = 256 * 1024, .write_ahead_log = write_ahead_log}};
  auto store = RocksStore::open(directory, 0, shared);
  if (!store) return 1;
  const auto checkpoint = (*store)->checkpoint();
  if (!checkpoint) return 1;
  const std::uint64_t first = checkpoint->has_value() ? (*checkpoint)->committed + 1 : 1;
  for (std::uint64_t n = first;; ++n) {
    Saver saver{**store};
    for (int i = 0; i < 50; ++i) {
      member::Record record = samples::typical_member("m" + std::to_string(i), n);
      record.as_of = n;
      saver.member(record, n == 1 ? no_day : record.due(), samples::history(n * 2));
    }
    if (!saver.checkpoint(samples::checkpoint(n)).save(n)) return 1;
    if (n == first + 100 && write(ready_fd, "x", 1) != 1) return 1;
  }
}

class KilledRocksStore : public testing::TestWithParam<bool> {};

TEST_P(KilledRocksStore, HoldsAPrefixOfWholeBatches) {
  const TemporaryDirectory directory;
  for (int round = 0; round < 3; ++round) {
    // Given a process that saves batch after batch, killed while it does so. (A new program image:
    // what RocksDB's threads held in this one must not be copied.)
    int pipe_fds[2];
    ASSERT_EQ(pipe(pipe_fds), 0);
    const pid_t child = fork();
    if (child == 0) {
      const std::string fd = std::to_string(pipe_fds[1]);
      setenv("FEALTY_TEST_SAVE_INTO", directory.path().c_str(), 1);
      setenv("FEALTY_TEST_READY_FD", fd.c_str(), 1);
      setenv("FEALTY_TEST_LOG", GetParam() ? "1" : "0", 1);
      execl("/proc/self/exe", "state_test", nullptr);
      _exit(127);
    }
    close(pipe_fds[1]);
    char byte = 0;
    ASSERT_EQ(read(pipe_fds[0], &byte, 1), 1) << "the child ended early";
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    close(pipe_fds[0]);

    // Then the store opens, and every member is as of the one batch that the checkpoint names.
    const RocksShared shared;
    const auto store = opened(directory.path(), shared);
    ASSERT_NE(store, nullptr);
    const auto checkpoint = store->checkpoint();
    ASSERT_TRUE(checkpoint);
    if (!checkpoint->has_value()) {
      EXPECT_TRUE(store->empty());
      EXPECT_FALSE(GetParam()) << "what a kill cannot take is in the log";
      continue;
    }
    const std::uint64_t n = (*checkpoint)->committed;
    EXPECT_EQ((*checkpoint)->changelog_position, n);
    EXPECT_GE(n, GetParam() ? 100U * (static_cast<unsigned>(round) + 1) : 1U);
    int members = 0;
    ASSERT_TRUE(store->scan([&](const member::Record& record) -> Result<void> {
      EXPECT_EQ(record.as_of, n);
      ++members;
      return {};
    }));
    EXPECT_EQ(members, 50);
    EXPECT_EQ(entry_numbers(*store, "m7").back(), n * 2 + 1);
    EXPECT_EQ(all_due(*store, -1, no_day).size(), 50U);
  }
}
INSTANTIATE_TEST_SUITE_P(Log, KilledRocksStore, testing::Bool(),
                         [](const auto& with) { return with.param ? "With" : "Without"; });

/// This program as the child of that test: it never gets to main().
[[maybe_unused]] const bool is_no_child = [] {
  const char* directory = std::getenv("FEALTY_TEST_SAVE_INTO");
  if (directory == nullptr) return true;
  _exit(save_until_killed(directory, std::getenv("FEALTY_TEST_LOG")[0] == '1',
                          std::atoi(std::getenv("FEALTY_TEST_READY_FD"))));
}();

TEST(RocksStore, StaysWithinItsMemoryOverAllPartitions) {
  // Given four partitions that share 8 MB of cache and 4 MB of write buffers.
  const TemporaryDirectory directory;
  const std::size_t cache = 8 << 20, buffers = 4 << 20;
  const RocksShared shared{{.block_cache_bytes = cache, .write_buffer_bytes = buffers}};
  std::vector<std::unique_ptr<RocksStore>> stores;
  for (std::uint32_t p = 0; p < 4; ++p)
    stores.push_back(*RocksStore::open(directory.path(), p, shared));
  // When 40 MB are written to them and read back.
  std::size_t used_max = 0;
  for (std::uint64_t round = 0; round < 20; ++round) {
    for (auto& store : stores) {
      Saver saver{*store};
      for (std::uint64_t i = 0; i < 1'000; ++i) {
        saver.member(samples::typical_member("m" + std::to_string(round * 1'000 + i), i), no_day,
                     samples::history(i));
      }
      ASSERT_TRUE(saver.save());
      used_max = std::max(used_max, shared.bytes_used());
      (void)loaded(*store, "m" + std::to_string(round));
    }
  }
  // Then they used it, and never held much more than that.
  EXPECT_GT(used_max, buffers);
  EXPECT_LT(used_max, 2 * (cache + buffers));
}

}  // namespace
}  // namespace fealty::state
