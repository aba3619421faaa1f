#pragma once

#include <cstdint>
#include <string_view>

#include "fealty/base/murmur2.hpp"
#include "fealty/event/event.hpp"
#include "fealty/ports/input.hpp"

namespace fealty::runtime {

/// What becomes of a record whose key is not its member: a producer with another key spreads one
/// member over several partitions, and so over several balances.
enum class KeyPolicy : std::uint8_t {
  ignore,      // the source has no keys (files)
  deadletter,  // refused, wrong_partition
  count,       // applied where it came, and counted: for who places records by another rule
};

/// Compares each record's key with the member that it is about, and says once in the log which
/// habit of the producer makes them differ. Pure but for that line, so a recovery decides the same.
///
/// Threads: one.
class KeyCheck {
 public:
  /// `partitions`: of the input; with one a record without a key cannot go astray.
  KeyCheck(KeyPolicy policy, std::uint32_t partitions) : policy_{policy}, partitions_{partitions} {}

  /// True where the record came by another key.
  /// `source`: where it came from, for the log.
  [[nodiscard]] bool astray(const ports::InputRecord& raw, const event::Event& event,
                            const ports::Source& source) {
    if (policy_ == KeyPolicy::ignore || raw.key == event.member) return false;
    if (raw.key.data() == nullptr && partitions_ == 1) return false;
    if (!told_) tell(raw, event, source);
    return true;
  }
  /// Whether a record came to another partition than the one where Kafka's partitioner puts its
  /// key: going by those that sample() was shown.
  [[nodiscard]] bool other_partitioner() const { return other_partitioner_; }
  void sample(const ports::InputRecord& raw) {
    if (policy_ == KeyPolicy::ignore || raw.key.data() == nullptr) return;
    if (kafka_partition_of(raw.key, partitions_) != raw.partition) other_partitioner_ = true;
  }
  [[nodiscard]] bool refuses() const { return policy_ == KeyPolicy::deadletter; }

 private:
  void tell(const ports::InputRecord& raw, const event::Event& event, const ports::Source& source);

  const KeyPolicy policy_;
  const std::uint32_t partitions_;
  bool told_ = false, other_partitioner_ = false;
};

}  // namespace fealty::runtime
