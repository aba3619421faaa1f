#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "fealty/codec/mapping.hpp"
#include "fealty/ports/streams.hpp"
#include "fealty/runtime/ingest_topology.hpp"

namespace fealty::topologies {

/// What the ingest topology writes: nothing else enumerates it. Its dead letters go where those of
/// the members topology go.
namespace ingest_stream {
inline constexpr ports::Stream canonical{0}, orders{1}, waiting{2}, deadletters{3};
}
inline constexpr std::array<ports::StreamSpec, 4> ingest_streams{{
    {.name = "canonical", .key = "member", .to_files = false},
    {.name = "orders", .key = "order", .cleanup = ports::Cleanup::compact, .to_files = false},
    {.name = "waiting",
     .key = "order and origin",
     .cleanup = ports::Cleanup::compact,
     .placement = ports::Placement::as_given,
     .to_files = false},
    {.name = "deadletters", .key = ""},
}};

/// One input as the topology sees it.
struct IngestInput {
  std::string named;                        // for people: its topics, its mapping
  const codec::Mapping* mapping = nullptr;  // borrowed
};

/// Any number of topics -> one that is keyed by member. `canonical` must outlive it, as the inputs'
/// mappings. `waiting_topic`: the topic of that stream.
runtime::IngestTopology ingest_topology(
    const std::vector<IngestInput>& inputs,
    std::function<Result<std::size_t>(std::string_view topic)> input_of,
    const codec::Mapping& canonical, std::string waiting_topic);

}  // namespace fealty::topologies
