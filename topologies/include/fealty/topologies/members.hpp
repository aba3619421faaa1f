#pragma once

#include <array>

#include "fealty/codec/mapping.hpp"
#include "fealty/ports/streams.hpp"
#include "fealty/program/series.hpp"
#include "fealty/runtime/topology.hpp"

namespace fealty::topologies {

/// Raised whenever the same input would give other state or other output: a store that was not
/// stopped cleanly is only opened by a binary of its own revision.
inline constexpr std::uint32_t core_revision = 4;

/// What the members topology writes: nothing else enumerates it.
namespace streams {
inline constexpr ports::Stream notices{0}, ledger{1}, members{2}, deadletters{3}, changelog{4},
    timeline{5};
}
inline constexpr std::array<ports::StreamSpec, 6> member_streams{{
    {.name = "notices", .key = "member"},
    {.name = "ledger", .key = "member"},
    {.name = "members", .key = "member", .cleanup = ports::Cleanup::compact, .to_files = false},
    {.name = "deadletters", .key = ""},
    {.name = "changelog",
     .key = "table and key",
     .cleanup = ports::Cleanup::compact,
     .placement = ports::Placement::as_input,
     .to_files = false},
    {.name = "timeline",
     .key = "itself",
     .cleanup = ports::Cleanup::compact,
     .placement = ports::Placement::as_input,
     .to_files = false},
}};

/// The canonical topic -> member state, ledger, notices. One topic in, so each partition has one
/// total order. `series` and `mapping` must outlive it. `source`: what to call the input.
runtime::Topology members_topology(const program::Series& series, const codec::Mapping& mapping,
                                   std::string source = "member-events");

}  // namespace fealty::topologies
