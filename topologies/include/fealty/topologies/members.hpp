#pragma once

#include "fealty/codec/mapping.hpp"
#include "fealty/program/series.hpp"
#include "fealty/runtime/topology.hpp"

namespace fealty::topologies {

/// Raised whenever the same input would give other state or other output: a store that was not stopped
/// cleanly is only opened by a binary of its own revision.
inline constexpr std::uint32_t core_revision = 4;

/// The canonical topic -> member state, ledger, notices. One topic in, so each partition has one total
/// order. `series` and `mapping` must outlive it. `source`: what to call the input.
runtime::Topology members_topology(const program::Series& series, const codec::Mapping& mapping,
                                   std::string source = "member-events");

}  // namespace fealty::topologies
