#include <limits>
#include <map>

#include "store_fixture.hpp"

/// An empty store that is filled from its changelog, by processes that are killed.
namespace fealty::state {
namespace {

constexpr int many = 900;  // members: more than one portion, however small the memory
using Pairs = std::map<std::string, std::string, std::less<>>;

/// A map that outlives its processes, each of which dies at its `writes_max`th write.
class Mortal final : public KeyValue {
 public:
  explicit Mortal(Pairs& pairs, int writes_max = std::numeric_limits<int>::max())
      : pairs_{pairs}, writes_left_{writes_max} {}

  Result<std::optional<std::string>> get(std::string_view key) override {
    const auto at = pairs_.find(key);
    return at == pairs_.end() ? std::optional<std::string>{} : std::optional{at->second};
  }
  Result<void> get_many(std::span<const std::string_view> keys, const GotVisitor& visit) override {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto at = pairs_.find(keys[i]);
      if (at == pairs_.end()) continue;
      if (auto visited = visit(i, at->second); !visited) return visited;
    }
    return {};
  }
  Result<void> write(std::span<const Write> changes) override {
    if (writes_left_-- <= 0) return Error{Errc::store_unavailable, "killed"};
    for (const Write& change : changes) {
      if (change.erase) {
        pairs_.erase(std::string{change.key});
      } else {
        pairs_[std::string{change.key}] = change.value;
      }
    }
    return {};
  }
  Result<void> scan(std::string_view first, std::string_view end,
                    const PairVisitor& visit) override {
    for (auto at = pairs_.lower_bound(first); at != pairs_.end() && at->first < end; ++at) {
      auto go_on = visit(at->first, at->second);
      if (!go_on) return go_on.error();
      if (!*go_on) break;
    }
    return {};
  }
  Result<void> scan_from(std::string_view first, std::string_view, std::string_view end,
                         const PairVisitor& visit) override {
    return scan(first, end, visit);
  }
  void begin_filling() override { ++fillings_begun; }
  void end_filling() override { ++fillings_ended; }

  int fillings_begun = 0, fillings_ended = 0;

 private:
  Pairs& pairs_;
  int writes_left_;
};

/// What the store's position says is not read again.
Result<void> read_on(ports::MemberStore& store, const Changelog& log) {
  const auto checkpoint = store.checkpoint();
  if (!checkpoint) return checkpoint.error();
  for (std::size_t i = *checkpoint ? (*checkpoint)->changelog_position : 0; i < log.size(); ++i) {
    if (auto kept = store.restore(log[i].first, log[i].second, i + 1); !kept) return kept;
  }
  return store.restored(log.size());
}

TEST(CutFilling, AtAnyOfItsWritesLacksNothingOnceItIsGoneOnWith) {
  // Given a changelog of members who are due on some day, and what a filling makes of it.
  InMemory host;
  Saver saver = host.saver();
  saver.checkpoint(samples::checkpoint(1));
  for (int n = 0; n < many; ++n) saver.member(due_on("m" + std::to_string(n), 1 + n % 9));
  const Changelog log = changelog_of(*host.store, saver.batch());
  Pairs whole;
  EncodedStore undisturbed{std::make_unique<Mortal>(whole), std::make_shared<RestoreMemory>(1)};
  ASSERT_TRUE(read_on(undisturbed, log));
  ASSERT_EQ(all_due(undisturbed, -1, no_day - 1).size(), std::size_t{many});
  // When it is killed at each of its writes, and another process goes on.
  int writes = 0;
  for (bool ended = false; !ended; ++writes) {
    SCOPED_TRACE(writes);
    Pairs pairs;
    {
      EncodedStore killed{std::make_unique<Mortal>(pairs, writes),
                          std::make_shared<RestoreMemory>(1)};
      ended = read_on(killed, log).has_value();
    }
    EncodedStore next{std::make_unique<Mortal>(pairs), std::make_shared<RestoreMemory>(1)};
    ASSERT_TRUE(read_on(next, log));
    // Then nothing tells the two apart: neither a timer too few nor the mark of a filling.
    EXPECT_TRUE(pairs == whole);
  }
  EXPECT_GT(writes, 4);  // several portions of records, and the timers
}

TEST(Filling, TheMapHearsOfOneInSeveralPortionsAndOfItsEnd) {
  InMemory host;
  Saver saver = host.saver();
  saver.checkpoint(samples::checkpoint(1));
  for (int n = 0; n < many; ++n) saver.member(due_on("m" + std::to_string(n), 1));
  const Changelog log = changelog_of(*host.store, saver.batch());
  const auto told = [&](std::size_t memory) {
    Pairs pairs;
    auto map = std::make_unique<Mortal>(pairs);
    const Mortal& heard = *map;
    EncodedStore store{std::move(map), std::make_shared<RestoreMemory>(memory)};
    EXPECT_TRUE(read_on(store, log));
    return std::pair{heard.fillings_begun, heard.fillings_ended};
  };
  EXPECT_EQ(told(1), (std::pair{1, 1}));
  EXPECT_EQ(told(std::size_t{64} << 20U), (std::pair{0, 0}));  // one portion
}

// Portions are sorted and made into table files beside each other.
TEST(FillingTables, WhatCameLastOfAMemberStandsInWhicheverPortionItIs) {
  constexpr std::uint64_t rounds = 50, members = 900;
  InMemory host;
  Changelog log;
  for (std::uint64_t round = 1; round <= rounds; ++round) {
    Saver saver = host.saver();
    for (std::uint64_t n = 0; n < members; ++n) {
      member::Record record =
          due_on("m" + std::to_string(n), static_cast<int>(1 + (n + round) % 9));
      record.as_of = round;
      saver.member(record, no_day, samples::history(2 * round - 1));
    }
    saver.checkpoint(samples::checkpoint(round));
    const Changelog more = changelog_of(*host.store, saver.batch());
    log.insert(log.end(), more.begin(), more.end());
  }
  for (const std::size_t memory : {std::size_t{1} << 20U, std::size_t{4} << 20U}) {
    SCOPED_TRACE(memory);
    const TemporaryDirectory directory;
    const auto stores = stores_in(
        directory.path(), {.write_buffer_bytes = std::size_t{1} << 20U, .restore_bytes = memory});
    const auto store = opened(*stores);
    ASSERT_TRUE(read_on(*store, log));
    EXPECT_EQ((*store->checkpoint())->changelog_position, log.size());
    EXPECT_EQ(all_due(*store, -1, no_day - 1).size(), members);
    std::size_t seen = 0;
    ASSERT_TRUE(store->scan([&](const member::Record& record) {
      ++seen;
      EXPECT_EQ(record.as_of, rounds) << record.id;
      return Result<void>{};
    }));
    EXPECT_EQ(seen, members);
    EXPECT_EQ(entry_numbers(*store, "m77").size(), 2 * rounds);
    EXPECT_TRUE(files_like(directory.path(), ".sst.tmp").empty());
  }
}

}  // namespace
}  // namespace fealty::state
