// RocksStores: state and history lie in tables of their own, and are one state none the less.
#include <chrono>
#include <fstream>
#include <future>

#include "store_fixture.hpp"

namespace fealty::state {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::SizeIs;

/// As a table file; with history of two entries each.
Result<void> save_many(RocksStores& stores, ports::MemberStore& store, const std::string& stem,
                       std::string_view text = {}) {
  Saver saver{stores, store};
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    samples::History history = samples::history(2 * i + 1);
    if (!text.empty()) {
      for (member::LedgerEntry& entry : history.entries) entry.explanation = text;
    }
    saver.member(samples::typical_member(stem + std::to_string(i), i), no_day, history);
  }
  return saver.save();
}

void expect_many(ports::MemberStore& store, const std::string& stem) {
  for (const std::uint64_t i : {0U, 5U, 4'999U}) {
    const std::string id = stem + std::to_string(i);
    EXPECT_EQ(loaded(store, id), samples::typical_member(id, i));
    EXPECT_EQ(entry_numbers(store, id), (std::vector<std::uint64_t>{2 * i + 1, 2 * i + 2}));
  }
}

const RocksOptions small_buffers{.write_buffer_bytes = 2 << 20, .write_ahead_log = false};

// Killed between taking in table files and removing their first names.
TEST(RocksFamilies, TableFilesWhoseFirstNamesWereLeftBehindAreNotCutOff) {
  const TemporaryDirectory directory;
  {
    const auto stores = stores_in(directory.path(), small_buffers);
    ASSERT_TRUE(save_many(*stores, *opened(*stores), "m"));
  }
  const auto tables = files_like(directory.path(), ".sst");
  ASSERT_THAT(tables, SizeIs(2));
  fs::create_hard_link(tables.front(), directory.path() + "/ingest.sst.tmp");
  fs::create_hard_link(tables.back(), directory.path() + "/ingest.history.sst.tmp");
  for (int life = 0; life < 2; ++life) {
    const auto stores = stores_in(directory.path(), small_buffers);
    const auto store = opened(*stores);
    expect_many(*store, "m");
    ASSERT_TRUE(save_many(*stores, *store, "n"));
    expect_many(*store, "m");
    expect_many(*store, "n");
  }
  EXPECT_THAT(files_like(directory.path(), ".sst.tmp"), IsEmpty());
}

TEST(RocksFamilies, WhatAKilledProcessLeftOfFilesOnTheirWayInIsRemoved) {
  const TemporaryDirectory directory;
  {
    const auto stores = stores_in(directory.path(), small_buffers);
    ASSERT_TRUE(save_many(*stores, *opened(*stores), "m"));
  }
  for (const std::string name :
       {"/ingest.sst.tmp", "/ingest.3.sst.tmp", "/ingest.history.7.sst.tmp"}) {
    std::ofstream{directory.path() + name} << "half a table";
  }
  const auto stores = stores_in(directory.path(), small_buffers);
  EXPECT_THAT(files_like(directory.path(), ".sst.tmp"), IsEmpty());
  expect_many(*opened(*stores), "m");
}

TEST(RocksFamilies, HistoryIsKeptCompressed) {
  const std::string text(1'000, 'x');
  const TemporaryDirectory directory;
  {
    const auto stores = stores_in(directory.path(), small_buffers);
    ASSERT_TRUE(save_many(*stores, *opened(*stores), "m", text));
  }
  std::uintmax_t bytes = 0;
  for (const auto& table : files_like(directory.path(), ".sst")) bytes += fs::file_size(table);
  EXPECT_LT(bytes, 2 * 5'000 * text.size() / 2);
  const auto stores = stores_in(directory.path(), small_buffers);
  expect_many(*opened(*stores), "m");
}

/// Commit `n` of one member, with two ledger entries. So many bytes of attributes decide whether it
/// becomes a table file.
Result<void> save_anna(RocksStores& stores, ports::MemberStore& store, std::uint64_t n,
                       std::size_t bytes) {
  member::Record record = samples::typical_member("anna", n);
  record.as_of = n;
  record.rare.edit().attributes.assign(bytes, 'x');
  return Saver(stores, store)
      .member(record, n == 1 ? no_day : record.due(), samples::history(2 * n))
      .save();
}

/// Whether it holds anything: then state and history are as of the same commit.
bool hold_one_commit(RocksStores& stores) {
  if (stores.partitions()->empty()) return false;
  const auto found = opened(stores);
  EXPECT_EQ(entry_numbers(*found, "anna").size(), 2 * loaded(*found, "anna").as_of);
  return true;
}

// Who starts on what is on disk while table files are taken in sees both of a commit, or none.
TEST(RocksFamilies, TableFilesOfACommitCountTogether) {
  constexpr std::uint64_t commits = 10;  // fewer than are compacted: no file goes under a reader
  int seen = 0;
  for (int life = 0; life < 8; ++life) {
    const TemporaryDirectory directory;
    const auto stores = stores_in(directory.path(), small_buffers);
    const auto store = opened(*stores);
    auto saved = std::async(std::launch::async, [&]() -> Result<void> {
      for (std::uint64_t n = 1; n <= commits; ++n) {
        if (auto done = save_anna(*stores, *store, n, 1 << 20); !done) return done;
      }
      return {};
    });
    while (saved.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
      seen +=
          hold_one_commit(*stores_in(directory.path(), small_buffers, Access::read_only)) ? 1 : 0;
    }
    ASSERT_TRUE(saved.get());
    ASSERT_THAT(files_like(directory.path(), ".sst"), SizeIs(2 * commits));
    EXPECT_TRUE(hold_one_commit(*stores));
  }
  EXPECT_GT(seen, 0);
}

class RocksFamiliesFlushed : public testing::TestWithParam<bool> {};

// RocksDB flushes by itself once one of the families has a full buffer.
TEST_P(RocksFamiliesFlushed, AreAsOfOneCommitWheneverTheProcessEnds) {
  const TemporaryDirectory directory;
  const RocksOptions options{.write_buffer_bytes = 4 << 20, .write_ahead_log = GetParam()};
  const auto stores = stores_in(directory.path(), options);
  const auto store = opened(*stores);
  std::size_t seen = 0;
  for (std::uint64_t n = 1; seen < 20; ++n) {
    ASSERT_LT(n, 10'000U);
    // When there are commits with much of state and little of history.
    ASSERT_TRUE(save_anna(*stores, *store, n, 60'000));
    if (files_like(directory.path(), ".sst").empty()) continue;
    // Then, once it has, one that starts on what is on disk finds both as of the same. (The file
    // may not be in the manifest yet.)
    seen += hold_one_commit(*stores_in(directory.path(), options, Access::read_only)) ? 1 : 0;
  }
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutALog, RocksFamiliesFlushed, testing::Bool());

}  // namespace
}  // namespace fealty::state
