// RocksStores: which directories they open, and what they say of the others.
#include <fstream>

#include "store_fixture.hpp"

namespace fealty::state {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

Error open_error(const std::string& directory, Access access = Access::read_write) {
  const auto stores = RocksStores::open_in(directory, {}, access);
  EXPECT_FALSE(stores.has_value());
  return stores ? Error{Errc::usage} : stores.error();
}

/// 2,000 members with history in a partition, in table files.
void fill(const std::string& directory) {
  const auto stores = stores_in(directory, {.write_ahead_log = false});  // Closing makes the file.
  const auto store = opened(*stores);
  Saver saver{*stores, *store};
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    saver.member(samples::typical_member("m" + std::to_string(i), i), no_day, samples::history(i));
  }
  ASSERT_TRUE(saver.checkpoint(samples::checkpoint(1)).save());
}

void overwrite(const fs::path& file, std::size_t at, std::string_view bytes) {
  std::fstream stream{file, std::ios::in | std::ios::out | std::ios::binary};
  stream.seekp(static_cast<std::streamoff>(at));
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

TEST(RocksDirectory, RefuseADirectoryInUse) {
  const TemporaryDirectory directory;
  const auto first = stores_in(directory.path());
  const Error error = open_error(directory.path());
  EXPECT_EQ(error.code, Errc::state_in_use);
  EXPECT_THAT(error.detail, HasSubstr(directory.path()));
}

TEST(RocksDirectory, LetAReaderIntoADirectoryInUse) {
  const TemporaryDirectory directory;
  const auto writers = stores_in(directory.path());
  const auto writer = opened(*writers, 5);
  ASSERT_TRUE(Saver(*writers, *writer).member(samples::typical_member("anna")).save());
  const auto readers = stores_in(directory.path(), {}, Access::read_only);
  EXPECT_THAT(*readers->partitions(), ElementsAre(5));
  EXPECT_EQ(loaded(*opened(*readers, 5), "anna"), samples::typical_member("anna"));
}

TEST(RocksDirectory, MakeNothingForAReader) {
  const TemporaryDirectory directory;
  const std::string none = directory.path() + "/none";
  for (const std::string& in : {none, directory.path()}) {
    EXPECT_EQ(open_error(in, Access::read_only).code, Errc::input_unreadable);
  }
  EXPECT_FALSE(fs::exists(none));
  EXPECT_THAT(files_like(directory.path(), ""), testing::IsEmpty());
  // Nor where a start was cut off before the first file.
  std::ofstream{directory.path() + "/FORMAT"} << "fealty-state 3\n";
  EXPECT_EQ(open_error(directory.path(), Access::read_only).code, Errc::input_unreadable);
}

TEST(RocksDirectory, RefuseFormatsThatTheyCannotBring) {
  const TemporaryDirectory directory;
  fill(directory.path());
  for (const std::string other : {"1", "4"}) {
    std::ofstream{directory.path() + "/FORMAT"} << "fealty-state " << other << '\n';
    const Error error = open_error(directory.path());
    EXPECT_EQ(error.code, Errc::wrong_revision);
    EXPECT_THAT(error.detail, HasSubstr(directory.path() + ": format " + other));
    EXPECT_THAT(error.detail, HasSubstr("3"));
    EXPECT_THAT(error.detail, HasSubstr("replay the whole log"));
    // The changelog of a newer one may be that of this one.
    EXPECT_EQ(error.detail.find("from its changelog") != std::string::npos, other == "4");
  }
}

TEST(RocksDirectory, CallAFormatFileThatNobodyWroteCorrupt) {
  const TemporaryDirectory directory;
  fill(directory.path());
  for (const std::string text : {"", "fealty-state \n", "fealty-state 3", "fealty-state 3x\n",
                                 "fealty-state 0\n", "fealty-stale 3\n", "fealty-state -3\n",
                                 "fealty-state 3\n\n", "fealty-state 99999999999\n"}) {
    std::ofstream{directory.path() + "/FORMAT"} << text;
    const Error error = open_error(directory.path());
    EXPECT_EQ(error.code, Errc::store_corrupt) << text;
    EXPECT_THAT(error.detail, HasSubstr(directory.path() + "/FORMAT"));
  }
}

TEST(RocksDirectory, RefuseADirectoryWithOneForEachPartition) {
  for (const Access access : {Access::read_write, Access::read_only}) {
    // Given the layout of earlier releases.
    const TemporaryDirectory directory;
    std::ofstream{directory.path() + "/program.yaml"} << "id: x";
    fs::create_directory(directory.path() + "/p0003");
    std::ofstream{directory.path() + "/p0003/FORMAT"} << "fealty-state 2\n";
    // Then it is told, with the way out, and nothing is made in it.
    const Error error = open_error(directory.path(), access);
    EXPECT_EQ(error.code, Errc::wrong_revision);
    EXPECT_THAT(error.detail, HasSubstr(directory.path()));
    EXPECT_THAT(error.detail, HasSubstr("p0003"));
    EXPECT_THAT(error.detail, HasSubstr("into an empty state directory"));
    EXPECT_THAT(files_like(directory.path(), ""), testing::SizeIs(2));
  }
}

TEST(RocksDirectory, RefuseWhatIsNotTheirDirectory) {
  const TemporaryDirectory directory;
  const std::string state = directory.path() + "/state";
  // A file in its place.
  std::ofstream{state} << "x";
  EXPECT_EQ(open_error(state).code, Errc::output_unwritable);
  EXPECT_THAT(open_error(state).detail, HasSubstr("not a directory"));
  fs::remove(state);
  // Somebody else's files: they stay as they are.
  fs::create_directory(state);
  std::ofstream{state + "/thesis.tex"} << "x";
  EXPECT_EQ(open_error(state).code, Errc::output_unwritable);
  EXPECT_THAT(open_error(state).detail, HasSubstr("no FORMAT file"));
  EXPECT_THAT(files_like(state, ""), testing::SizeIs(1));
  // A path through a file.
  EXPECT_EQ(open_error(state + "/thesis.tex/state").code, Errc::output_unwritable);
}

TEST(RocksDirectory, SayWhichDirectoryTheyMayNotWrite) {
  const TemporaryDirectory directory;
  fs::permissions(directory.path(), fs::perms::owner_read | fs::perms::owner_exec |
                                        fs::perms::others_read | fs::perms::others_exec);
  // Root may write anywhere: be nobody for a moment.
  constexpr uid_t nobody = 65534;
  const bool root = geteuid() == 0;
  ASSERT_EQ(root ? seteuid(nobody) : 0, 0);
  const Error error = open_error(directory.path() + "/state");
  ASSERT_EQ(root ? seteuid(0) : 0, 0);
  EXPECT_EQ(error.code, Errc::output_unwritable);
  EXPECT_THAT(error.detail, HasSubstr(directory.path()));
  fs::permissions(directory.path(), fs::perms::owner_all);
}

TEST(RocksDirectory, FinishAStartThatWasCutOff) {
  const TemporaryDirectory directory;
  std::ofstream{directory.path() + "/FORMAT.new"} << "fea";
  const auto stores = stores_in(directory.path());
  EXPECT_TRUE(opened(*stores)->empty());
}

TEST(RocksDirectory, CallADamagedTableCorrupt) {
  const TemporaryDirectory directory;
  fill(directory.path());
  for (const auto& table : files_like(directory.path(), ".sst")) {
    overwrite(table, 1'000, std::string(200, '\x5a'));
  }
  const auto stores = stores_in(directory.path());
  const auto store = opened(*stores);
  const auto members = store->scan([](const member::Record&) { return Result<void>{}; });
  const auto history = store->history("m0", 0, 10, [](const member::LedgerEntry&) {});
  for (const Result<void>& read : {members, history}) {
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::store_corrupt);
    EXPECT_THAT(read.error().detail, HasSubstr(directory.path()));
  }
}

TEST(RocksDirectory, CallMissingOrDamagedCatalogueFilesCorrupt) {
  const auto damaged = [](auto&& damage) {
    const TemporaryDirectory directory;
    fill(directory.path());
    damage(directory.path());
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

}  // namespace
}  // namespace fealty::state
