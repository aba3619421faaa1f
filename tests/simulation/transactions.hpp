#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "group.hpp"
#include "topics.hpp"
#include "world.hpp"

namespace fealty::simulation {

/// Who a producer says it is.
struct ProducerId {
  std::string id;  // transactional
  int epoch = -1;
};

enum class Answer : std::uint8_t {
  ok,
  fenced,      // another epoch holds the id by now
  concurrent,  // its last transaction is still being ended: ask again
  refused,     // only an abort is left
};

struct TransactionTimes {
  Millis timeout = 15'000;
  std::uint64_t marker_every = 2;  // a marker that is due is written at one tick of so many
  bool group_first = false;        // the group hears of an end before any partition does
};

/// The transaction coordinator: epochs that fence each other, one transaction an id at a time, ends
/// that reach one partition after the other, and a timeout.
class Transactions {
 public:
  Transactions(World& world, Topics& topics, Group& group, TransactionTimes times)
      : world_{world}, topics_{topics}, group_{group}, times_{times} {}

  /// The next epoch of an id; what an earlier one left open is aborted first. nullopt: ask again.
  std::optional<int> init(const std::string& id);
  /// With offsets after the record where it was taken.
  Answer append(const ProducerId& producer, Place place, std::string_view key, bool keyed,
                std::string_view value, Offset* next);
  Answer add_offsets(const ProducerId& producer, Group::MemberId member, int generation,
                     const std::map<std::uint32_t, GroupOffset>& offsets);
  Answer end(const ProducerId& producer, bool commit);

  /// Whether offsets of the partition are in a transaction whose end is not known to the group.
  [[nodiscard]] bool unstable(std::uint32_t partition) const;
  /// Whether none is open, and every marker is written.
  [[nodiscard]] bool quiet() const;
  void tick();
  [[nodiscard]] Millis timeout() const { return times_.timeout; }
  /// A planted fault: offsets are taken from members of any generation.
  bool any_generation = false;

 private:
  enum class Phase : std::uint8_t { none, open, ending };
  struct Held {
    int epoch = -1;
    Phase phase = Phase::none;
    TransactionNumber number = 0;
    Millis begun = 0;
    std::set<Place> places;
    std::map<std::uint32_t, GroupOffset> offsets;
    bool commit = false;  // while ending
  };
  void open(Held& held);
  Held* current(const ProducerId& producer, Answer& why);
  void mark(Held& held);

  World& world_;
  Topics& topics_;
  Group& group_;
  const TransactionTimes times_;
  std::map<std::string, Held> held_;
  TransactionNumber last_ = 0;
};

}  // namespace fealty::simulation
