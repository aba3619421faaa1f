#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/ports/feed.hpp"

namespace fealty::runtime {

/// Whose order is whose: what a feed of all processes says, and over it what this one has put there
/// and not read back yet. What an aborted commit put is forgotten.
///
/// Borrows feed and table. Threads: one. Errors: theirs.
class OrderBook final : private ports::Feed::Visitor {
 public:
  OrderBook(ports::Feed& feed, ports::FeedTable& table) : feed_{feed}, table_{table} {}

  /// Told of each order whose member the feed named.
  std::function<void(std::string_view order)> on_learned;

  /// Begins where this machine's table stands. Call load() until it is true.
  Result<void> open();
  /// True once all is read that was committed at open().
  Result<bool> load(std::chrono::milliseconds budget);
  /// Takes in what the feed has by now, without waiting.
  Result<void> follow();
  /// The member of an order; empty where nobody knows it yet. `ask`: the brokers, too, in case
  /// another process has just committed it.
  Result<std::string> member_of(std::string_view order, bool ask);
  /// The open commit says whose order it is. True where that is news: it must go to the feed.
  Result<bool> note(std::string_view order, std::string_view member);

  void prepared() { preparing_ = open_++; }
  void committed() { committed_ = preparing_; }
  /// What was noted since the last commit was not committed.
  void aborted();

  [[nodiscard]] std::size_t unread() const { return own_.size(); }

 private:
  struct Own {
    std::string member;
    std::uint64_t commit = 0;
  };
  Result<void> apply(std::string_view key, std::string_view value) override;
  Result<bool> step(std::chrono::milliseconds budget);

  ports::Feed& feed_;
  ports::FeedTable& table_;
  std::map<std::string, Own, std::less<>> own_;  // noted here, not read back yet
  std::vector<ports::FeedTable::Change> changes_;
  std::uint64_t committed_ = 0, preparing_ = 0, open_ = 1;  // numbers of commits
};

}  // namespace fealty::runtime
