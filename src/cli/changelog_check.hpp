#pragma once

#include <cstdint>
#include <string>

#include "fealty/base/result.hpp"
#include "fealty/state/inspection.hpp"

namespace fealty::cli {

/// Compares each partition of the state with the changelog topic of `service` (a file), by way of a
/// directory of its own in `scratch` (empty: the system's) that is gone afterwards. Returns how
/// many keys were the same. Errors: invalid_config, broker_unreachable, broker_refused, input_gap,
/// output_unwritable.
Result<std::uint64_t> check_changelog(state::Inspection& state, const std::string& service,
                                      const std::string& scratch, state::Faults& faults);

}  // namespace fealty::cli
