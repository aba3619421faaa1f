#pragma once

#include "fealty/runtime/topology.hpp"

namespace fealty::simulation {

/// The members topology with the program of this folder; the log is off from the first call on.
const runtime::Topology& sim_topology();

}  // namespace fealty::simulation
