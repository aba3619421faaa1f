#pragma once

#include <cstdint>

namespace fealty::runtime {

/// For hash tables that input can fill: another one in every process and table, so that nobody can
/// choose ids that meet in them. It reaches no output and no order.
std::uint64_t random_seed();

}  // namespace fealty::runtime
