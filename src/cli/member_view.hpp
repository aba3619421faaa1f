#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/base/time.hpp"
#include "fealty/codec/mapping.hpp"
#include "fealty/member/record.hpp"
#include "fealty/program/series.hpp"
#include "fealty/runtime/topology.hpp"
#include "stored_state.hpp"

namespace fealty::cli {

/// Turns records into what a reader is shown: by the program's own topology where the program is
/// known, else as stored (level as a number, churn as of the member's last event).
class MemberView {
 public:
  /// `programs`: the program's files; empty = the copies beside the state. Says on stderr where
  /// there are none of either. Errors: wrong_program, and as config::load_series().
  static Result<std::unique_ptr<MemberView>> make(const std::string& state_directory,
                                                  const std::vector<std::string>& programs,
                                                  const StoredState& state);

  /// A line of members.ndjson, without its end.
  std::string operator()(const member::Record& record, EventTime clock) const;

 private:
  std::optional<program::Series> series_;
  codec::Mapping mapping_;
  std::optional<runtime::Topology> path_;  // borrows both
};

}  // namespace fealty::cli
