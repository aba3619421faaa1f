#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster.hpp"
#include "shop_log.hpp"
#include "world.hpp"

namespace fealty::simulation {

struct FeedOptions {
  std::uint64_t seed = 1;
  int members = 10;
  std::uint32_t records = 200;
  std::uint64_t every = 4;         // ticks between two of its doings
  std::uint64_t transactions = 4;  // one of so many of them is a transaction's beginning; 0 = none
  std::uint64_t far_events = 0;    // one of so many events claims the year 2099
  std::uint64_t ahead_events = 0;  // or a time some hours to come
  std::uint64_t wrong_keys = 0;    // one of so many records has another member's key, or none
  /// When the program's second generation is deployed, and the first day that it judges; epoch:
  /// there is none.
  EventTime second_known{}, second_from{};
};

/// The shops: they write events to the input, now and then in transactions, of which some are
/// aborted; what those hold must never be seen. And others, who write to the output topics.
class ShopFeed {
 public:
  ShopFeed(World& world, Cluster& cluster, FeedOptions options)
      : world_{world},
        cluster_{cluster},
        options_{options},
        shop_{options.seed, options.members},
        left_{options.records} {
    world_.wall_reaches(shop_.now());
  }

  void tick();
  /// The second generation of the program is known. Shops write nothing of its days before all
  /// workers that run go by it.
  [[nodiscard]] bool deployed() const {
    return options_.second_known != EventTime{} && world_.wall() >= options_.second_known;
  }
  void one_waits() { ++waiting_; }
  void one_follows() { --waiting_; }
  [[nodiscard]] bool done() const { return left_ == 0 && !open_; }
  /// Ends what is open, and adds a last event to each partition, late enough for every timer.
  void close();

 private:
  struct OpenTransaction {
    ProducerId producer;
    bool junk = false;  // it will be aborted
    Millis ends_at = 0;
  };
  void put(std::uint32_t partition, const std::string& record);
  void write();
  void begin();
  void end();
  std::string next_record();
  std::optional<std::string_view> key_of(std::string_view record);
  [[nodiscard]] bool too_early(EventTime time) const;
  [[nodiscard]] std::uint32_t partition_of(std::string_view record) const;

  World& world_;
  Cluster& cluster_;
  const FeedOptions options_;
  ShopLog shop_;
  std::uint32_t left_;
  std::uint64_t ghosts_ = 0;
  int waiting_ = 0;                  // workers, for the second generation
  std::optional<std::string> held_;  // the next record, of a day that is too early
  std::vector<std::string> sent_far_;
  std::optional<OpenTransaction> open_;
};

/// The member that a record names, as a producer's partitioner sees it; empty = none.
std::string_view member_in(std::string_view record);

}  // namespace fealty::simulation
