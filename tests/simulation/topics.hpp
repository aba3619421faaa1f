#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <vector>

#include "fealty/ports/output.hpp"
#include "fealty/topologies/members.hpp"
#include "partition_log.hpp"

namespace fealty::simulation {

enum class Topic : std::uint8_t {
  input,
  changelog,
  notices,
  ledger,
  members,
  deadletters,
  timeline
};
inline constexpr std::size_t topic_count = 7;

inline Topic topic_of(ports::Stream stream) {
  namespace streams = topologies::streams;
  if (stream == streams::notices) return Topic::notices;
  if (stream == streams::ledger) return Topic::ledger;
  if (stream == streams::members) return Topic::members;
  if (stream == streams::timeline) return Topic::timeline;
  return stream == streams::deadletters ? Topic::deadletters : Topic::changelog;
}

struct Place {
  Topic topic{};
  std::uint32_t partition = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

/// All logs of a simulated cluster: input and changelog with as many partitions as the input has,
/// every output with one.
class Topics {
 public:
  explicit Topics(std::uint32_t partitions) : partitions_{partitions} {
    for (std::size_t i = 0; i < topic_count; ++i) {
      const auto topic = static_cast<Topic>(i);
      logs_[i].resize(topic == Topic::input || topic == Topic::changelog ? partitions : 1);
    }
  }
  [[nodiscard]] std::uint32_t partitions() const { return partitions_; }
  PartitionLog& at(Place place) {
    return logs_.at(static_cast<std::size_t>(place.topic)).at(place.partition);
  }
  PartitionLog& input(std::uint32_t partition) { return at({Topic::input, partition}); }
  PartitionLog& changelog(std::uint32_t partition) { return at({Topic::changelog, partition}); }

 private:
  std::uint32_t partitions_;
  std::array<std::vector<PartitionLog>, topic_count> logs_;
};

}  // namespace fealty::simulation
