#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/codec/mapping.hpp"
#include "fealty/runtime/topology.hpp"

namespace fealty::runtime {

/// Where an ingest topology writes.
struct IngestOutputs {
  ports::Stream canonical{}, orders{}, waiting{}, deadletters{};
};

/// Any topics, any keys, any known formats -> one topic keyed by member. Plain data, as Topology.
struct IngestTopology : Outline {
  std::vector<const codec::Mapping*> mappings;  // one an input; borrowed
  /// Which input a topic belongs to. invalid_config where it is more than one.
  std::function<Result<std::size_t>(std::string_view topic)> input_of;
  const codec::Mapping* canonical = nullptr;  // of what it writes, and reads again; borrowed
  std::string waiting_topic;                  // an input of its own making
  IngestOutputs outputs;
};

}  // namespace fealty::runtime
