#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "fealty/ports/feed.hpp"

namespace fealty::state {

/// A feed's table in a RocksDB of its own, in `directory`, which is made where there is none and
/// locked. It may be deleted at any time when nobody uses it: the feed fills it again.
/// Owns:   the directory; of memory about `memory_bytes`.
/// Errors: as FeedTable; also state_in_use. Each names the directory.
Result<std::unique_ptr<ports::FeedTable>> open_feed_table(const std::string& directory,
                                                          std::size_t memory_bytes);

}  // namespace fealty::state
