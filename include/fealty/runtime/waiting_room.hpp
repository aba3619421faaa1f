#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fealty/base/result.hpp"

namespace fealty::runtime {

/// Events that name an order whose member nobody knows yet, as the waiting topic holds them: one
/// record each, deleted there when the event leaves. What is held is what was put and not deleted,
/// so a life that ends loses nothing and doubles nothing.
///
/// Threads: one.
class WaitingRoom {
 public:
  struct Held {
    std::string key;              // of its record: see key_of()
    std::string value;            // the event, canonical, without its member
    std::uint32_t partition = 0;  // of the worker's input
    std::int64_t since_ms = 0;    // when it was put there
    [[nodiscard]] std::string_view order() const;
    [[nodiscard]] std::string_view origin() const;
  };
  /// The key of an event's record: its order, where it came from, by which no two are the same, and
  /// since when it waits.
  static std::string key_of(std::string_view order, std::string_view origin, std::int64_t since_ms);

  static std::string_view order_of(std::string_view key);

  /// A record of the waiting topic; no value: a deletion. True where it is one more to hold.
  bool take(std::uint32_t partition, std::string_view key, std::string_view value);
  [[nodiscard]] bool awaits(std::string_view order) const { return by_order_.contains(order); }
  /// Takes out all that wait for an order, in the order in which they came.
  std::vector<Held> leave(std::string_view order);
  /// Takes out those that came before a time.
  std::vector<Held> leave_before(std::int64_t before_ms);
  /// Takes out those that wait longest until at most `held_max` are left.
  std::vector<Held> leave_beyond(std::size_t held_max);
  /// Each order that somebody waits for.
  [[nodiscard]] std::vector<std::string> orders() const;

  void drop(std::uint32_t partition);
  void clear();
  [[nodiscard]] std::size_t size() const { return held_.size(); }

 private:
  using Number = std::uint64_t;
  Held take_out(Number number);

  std::map<Number, Held> held_;  // in the order of arrival
  std::map<std::string, Number, std::less<>> by_key_;
  std::map<std::string, std::vector<Number>, std::less<>> by_order_;
  std::set<std::pair<std::int64_t, Number>> by_age_;
  Number next_ = 0;
};

}  // namespace fealty::runtime
