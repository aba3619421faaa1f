#pragma once

#include <functional>
#include <span>
#include <string>

#include "fealty/base/result.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/runtime/topology.hpp"

namespace fealty::cli {

/// Calls `visit` with every saved member of `stores`, ascending by id (bytewise) over all of them.
/// Memory: a page of each store.
Result<void> visit_members(std::span<ports::MemberStore* const> stores,
                           const std::function<Result<void>(const member::Record&)>& visit);

/// Gives each member to a visitor, ascending by id.
using VisitMembers =
    std::function<Result<void>(const std::function<Result<void>(const member::Record&)>&)>;

/// One JSON line a member, in the order of the ids, as readers see it at `clock`. Renamed into
/// place when whole. Returns the file's sha256.
Result<std::string> write_members_file(const std::string& path, const VisitMembers& members,
                                       const runtime::Topology& topology, EventTime clock);

}  // namespace fealty::cli
