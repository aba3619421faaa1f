#pragma once

#include <memory>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/codec/mapping.hpp"
#include "fealty/files/record_log.hpp"
#include "fealty/files/recorded_source.hpp"
#include "fealty/program/series.hpp"
#include "fealty/runtime/members_context.hpp"
#include "replay.hpp"

/// What a replay makes of logs that `fealty record` wrote. Without such, all of it does nothing.
namespace fealty::cli {

/// Their headers, in order; empty for other logs.
using Records = std::vector<files::RecordHeader>;

/// That the same comes about as it did live: the generations of the program by which it went, and
/// none but those, and the mapping. usage, which names the generation.
Result<void> check_records(const Records& records, const program::Series& series,
                           const codec::Mapping& mapping, const ReplayOptions& options);

/// Judges records as a worker does.
void as_recorded(const Records& records, const program::Series& series,
                 runtime::MembersOptions& members);

/// What the lines hold; nullptr where they are the records themselves. Borrows `lines`.
std::unique_ptr<files::RecordedSource> unpack(const Records& records, ports::Source& lines);

}  // namespace fealty::cli
