// RocksStores: state and history lie in tables of their own, and are one state none the less.
#include <vector>

#include "store_fixture.hpp"

namespace fealty::state {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<fs::path> files_like(const std::string& directory, const std::string& part) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator{directory}) {
    if (entry.path().filename().string().find(part) != std::string::npos) found.push_back(entry);
  }
  return found;
}

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
    member::Record record = samples::typical_member("anna", n);
    record.as_of = n;
    record.rare.edit().attributes.assign(60'000, 'x');
    ASSERT_TRUE(Saver(*stores, *store)
                    .member(record, n == 1 ? no_day : record.due(), samples::history(2 * n))
                    .save());
    // Then one that starts on what is on disk finds both as of the same.
    const auto left = stores_in(directory.path(), options, Access::read_only);
    if (left->partitions()->empty()) continue;
    ++seen;
    const auto found = opened(*left);
    EXPECT_EQ(entry_numbers(*found, "anna").size(), 2 * loaded(*found, "anna").as_of);
  }
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutALog, RocksFamiliesFlushed, testing::Bool());

}  // namespace
}  // namespace fealty::state
