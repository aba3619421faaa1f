#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/files/manifest.hpp"
#include "fealty/runtime/counters.hpp"

namespace fealty::cli {

/// What a replay has done, all processes that worked on it taken together: kept with each commit,
/// so that one that was killed and gone on with reports what an undisturbed one does.
struct ReplayTotals {
  runtime::Counters counters;         // those that the report has
  std::chrono::milliseconds took{0};  // the sum; a process that found nothing to do adds nothing
  EventTime clock{};                  // the latest of any partition
  /// By the mapping's path: what could not be read and was left out of applied events.
  std::map<std::string, std::int64_t> odd_fields{};
};

/// For the manifest, and back.
std::vector<files::Count> to_counts(const ReplayTotals& totals);
ReplayTotals from_counts(const std::vector<files::Count>& counts);

/// Name and sha256 of each file that a replay leaves.
using Sums = std::vector<std::pair<std::string, std::string>>;

/// Writes report.json in `dir`.
Result<void> write_report(const std::string& dir, const ReplayTotals& totals, const Sums& sums);

}  // namespace fealty::cli
