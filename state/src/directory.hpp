#pragma once

#include <filesystem>
#include <string>

#include "fealty/base/result.hpp"

namespace fealty::state {

/// Makes sure that `directory` is one of ours, of a format that this release reads, before RocksDB
/// sees it. A file FORMAT in it says so; `make`: an absent or empty directory becomes one. Errors:
/// wrong_revision, output_unwritable (no directory, no permission, somebody else's files),
/// input_unreadable (nothing in it to read, and not to be made), store_corrupt.
Result<void> prepare_directory(const std::filesystem::path& directory, bool make);

/// Whether files in `directory` can be written past the page cache.
bool has_direct_io(const std::filesystem::path& directory);

}  // namespace fealty::state
