#include "fealty/runtime/history_log.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace fealty::runtime {
namespace {

std::vector<std::string> chain(const HistoryLog& log, HistoryLog::Position newest) {
  std::vector<std::string> out;
  for (auto at = newest; at != HistoryLog::none; at = log.at(at).previous) {
    out.insert(out.begin(), std::string{log.at(at).bytes});
  }
  return out;
}

TEST(HistoryLog, KeepsEachMembersItemsInOrderHoweverTheyInterleave) {
  HistoryLog log;
  std::map<int, HistoryLog::Position> newest;
  std::map<int, std::vector<std::string>> expected;
  for (int i = 0; i < 60'000; ++i) {
    const int member = i * 7919 % 101;
    const std::string bytes(static_cast<std::size_t>(i % 300), static_cast<char>('a' + i % 26));
    newest[member] = log.append(bytes, newest[member], static_cast<std::uint64_t>(i));
    expected[member].push_back(bytes);
  }
  for (const auto& [member, position] : newest) {
    EXPECT_EQ(chain(log, position), expected[member]) << member;
  }
}

TEST(HistoryLog, FollowsChainsOfAnyLengthsSideBySide) {
  // Given chains of 0 to 99 items over several segments.
  HistoryLog log;
  std::vector<HistoryLog::Chain> chains(100);
  std::vector<std::vector<std::string>> expected(chains.size());
  for (std::size_t round = 0; round < chains.size(); ++round) {
    for (std::size_t i = round + 1; i < chains.size(); ++i) {
      const std::string bytes(1500 + i, static_cast<char>('a' + round % 26));
      chains[i].next = log.append(bytes, chains[i].next, 0);
      expected[i].insert(expected[i].begin(), bytes);
    }
  }
  ASSERT_GT(log.bytes(), std::size_t{4} << 20U);
  // When they are followed, all their items come, newest first, and may be released together.
  HistoryLog::Release release;
  log.follow(chains, release);
  for (std::size_t i = 0; i < chains.size(); ++i) {
    EXPECT_EQ(chains[i].next, HistoryLog::none);
    EXPECT_EQ(std::vector<std::string>(chains[i].items.begin(), chains[i].items.end()),
              expected[i]);
  }
  log.release(release);
  EXPECT_EQ(log.bytes(), 0U);
}

TEST(HistoryLog, TakesItemsLargerThanASegment) {
  HistoryLog log;
  const std::string large(5 << 20U, 'x');
  const auto first = log.append("before", HistoryLog::none, 1);
  const auto second = log.append(large, first, 2);
  const auto third = log.append("after", second, 3);
  EXPECT_EQ(chain(log, third), (std::vector<std::string>{"before", large, "after"}));
  EXPECT_EQ(log.at(second).tag, 2U);
}

TEST(HistoryLog, HoldsMemoryForWhatIsNotReleasedOnly) {
  HistoryLog log;
  const std::string bytes(1000, 'x');
  std::deque<HistoryLog::Position> waiting;
  std::size_t most = 0;
  for (int i = 0; i < 200'000; ++i) {  // 200 MB go through, 1 MB at a time is not released
    waiting.push_back(log.append(bytes, HistoryLog::none, 0));
    if (waiting.size() > 1000) {
      HistoryLog::Release oldest;
      oldest.add(waiting.front());
      log.release(oldest);
      waiting.pop_front();
    }
    most = std::max(most, log.bytes());
  }
  EXPECT_LE(most, std::size_t{8} << 20U);
  for (const auto position : waiting) EXPECT_EQ(log.at(position).bytes, bytes);
}

TEST(HistoryLog, SparesWhoFollowsAChainWhatIsSupersededAndReleasesIt) {
  HistoryLog log;
  const auto first = log.append("one", HistoryLog::none, 1);
  const auto second = log.append("two", first, 2);
  const auto third = log.append("three", second, 3);
  log.supersede(second);
  EXPECT_EQ(log.at(second).bytes, "two");
  HistoryLog::Chain chain{third, {}};
  HistoryLog::Release release;
  log.follow({&chain, 1}, release);
  EXPECT_EQ(chain.items, (std::vector<std::string_view>{"three", "one"}));
  log.release(release);
  EXPECT_EQ(log.bytes(), 0U);
}

}  // namespace
}  // namespace fealty::runtime
