// RocksStores: a directory of the last form becomes one of this, whatever became of earlier tries.
#include <rocksdb/db.h>

#include <fstream>

#include "store_fixture.hpp"

namespace fealty::state {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t members = 200;
constexpr std::uint32_t partitions = 3;

void fill(const std::string& directory) {
  const auto stores = stores_in(directory);
  for (std::uint32_t partition = 0; partition < partitions; ++partition) {
    const auto store = opened(*stores, partition);
    Saver saver{*stores, *store};
    for (std::uint64_t i = 0; i < members; ++i) {
      saver.member(samples::typical_member("m" + std::to_string(i), i), no_day,
                   samples::history(2 * i + 1));
    }
    ASSERT_TRUE(saver.checkpoint(samples::checkpoint(1)).save(9));
  }
}

void expect_filled(const std::string& directory) {
  const auto stores = stores_in(directory);
  ASSERT_TRUE(stores);
  for (std::uint32_t partition = 0; partition < partitions; ++partition) {
    const auto store = opened(*stores, partition);
    for (std::uint64_t i = 0; i < members; ++i) {
      const std::string id = "m" + std::to_string(i);
      EXPECT_EQ(loaded(*store, id), samples::typical_member(id, i));
      EXPECT_EQ(entry_numbers(*store, id), (std::vector<std::uint64_t>{2 * i + 1, 2 * i + 2}));
    }
  }
}

struct Raw {
  explicit Raw(const std::string& directory) {
    rocksdb::DBOptions options;
    options.create_missing_column_families = true;
    const std::vector<rocksdb::ColumnFamilyDescriptor> families{
        {rocksdb::kDefaultColumnFamilyName, {}}, {"history", {}}};
    rocksdb::DB* opened = nullptr;
    const auto status = rocksdb::DB::Open(options, directory, families, &handles, &opened);
    EXPECT_TRUE(status.ok()) << status.ToString();
    db.reset(opened);
  }
  ~Raw() {
    for (auto* const handle : handles) EXPECT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
};

/// Puts each `nth` chunk of the ledger back where format 2 has it, and says that it is one.
void turn_back(const std::string& directory, std::uint64_t nth) {
  {
    Raw raw{directory};
    std::uint64_t count = 0;
    const std::unique_ptr<rocksdb::Iterator> at{raw.db->NewIterator({}, raw.handles[1])};
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      if (count++ % nth != 0) continue;
      ASSERT_TRUE(raw.db->Put({}, raw.handles[0], at->key(), at->value()).ok());
      ASSERT_TRUE(raw.db->Delete({}, raw.handles[1], at->key()).ok());
    }
    ASSERT_EQ(count, members * partitions);
  }
  std::ofstream{fs::path{directory} / "FORMAT"} << "fealty-state 2\n";
}

TEST(RocksUpgrade, MovesTheLedgerOfEachPartitionAndSaysSoLast) {
  const TemporaryDirectory directory;
  fill(directory.path());
  turn_back(directory.path(), 1);
  expect_filled(directory.path());
  std::string text;
  std::getline(std::ifstream{fs::path{directory.path()} / "FORMAT"}, text);
  EXPECT_EQ(text, "fealty-state 3");
  Raw raw{directory.path()};
  const std::unique_ptr<rocksdb::Iterator> at{raw.db->NewIterator({}, raw.handles[0])};
  for (at->SeekToFirst(); at->Valid(); at->Next()) ASSERT_NE(at->key()[4], 'l');
}

TEST(RocksUpgrade, GoesOnWhereItWasInterrupted) {
  for (const std::uint64_t nth : {2U, 7U}) {
    const TemporaryDirectory directory;
    fill(directory.path());
    turn_back(directory.path(), nth);
    expect_filled(directory.path());
  }
}

TEST(RocksUpgrade, IsNotForOneWhoReads) {
  const TemporaryDirectory directory;
  fill(directory.path());
  turn_back(directory.path(), 1);
  const auto read = RocksStores::open_in(directory.path(), {}, Access::read_only);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, Errc::wrong_revision);
}

}  // namespace
}  // namespace fealty::state
