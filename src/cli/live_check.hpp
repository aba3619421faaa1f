#pragma once

#include <string>
#include <vector>

namespace fealty::cli {

/// `fealty check --live SERVICE`: tries what `run` with the same settings will need, and prints one
/// line a check: verdict, what, reason, and what mends it; as a JSON array with `json`. Exit codes:
/// 0 nothing failed, 3 no broker answers, 2 topics, rights or settings, 1 the disk, 4 the state.
int check_live_service(const std::string& file, const std::vector<std::string>& sets, bool json);

}  // namespace fealty::cli
