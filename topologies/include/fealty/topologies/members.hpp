#pragma once

#include "fealty/codec/mapping.hpp"
#include "fealty/program/program.hpp"
#include "fealty/runtime/topology.hpp"

namespace fealty::topologies {

/// Raised whenever the same input would give other state or other output: a store that was not stopped
/// cleanly is only opened by a binary of its own revision.
inline constexpr std::uint32_t core_revision = 3;

/// The canonical topic -> member state, ledger, notices. One topic in, so each partition has one total
/// order. `program` and `mapping` must outlive it. `source`: what to call the input.
runtime::Topology members_topology(const program::Program& program, const codec::Mapping& mapping,
                                   std::string source = "member-events");

}  // namespace fealty::topologies
