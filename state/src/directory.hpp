#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "fealty/base/result.hpp"

namespace fealty::state {

/// Makes sure that `directory` is one of ours, of a format that this release reads, before RocksDB
/// sees it. A file FORMAT in it says so; `make`: an absent or empty directory becomes one. Errors:
/// wrong_revision, output_unwritable (no directory, no permission, somebody else's files),
/// input_unreadable (nothing in it to read, and not to be made), store_corrupt.
/// Returns the directory's format: where that is older than directory_version, which only `make`
/// lets pass, what is in it has still to be upgraded.
Result<std::uint32_t> prepare_directory(const std::filesystem::path& directory, bool make);

/// Of the directory. Its records are of format_version, as are those of the changelog.
/// 2: the ledger lies among the rest. 3: it lies in a column family of its own.
inline constexpr std::uint32_t directory_version = 3;
/// From this one on a directory is upgraded.
inline constexpr std::uint32_t directory_version_min = 2;

/// Says in FORMAT that the directory is of directory_version: the last step of an upgrade.
/// Survives a power cut. Errors: output_unwritable.
Result<void> write_format(const std::filesystem::path& directory);

/// Whether files in `directory` can be written past the page cache.
bool has_direct_io(const std::filesystem::path& directory);

}  // namespace fealty::state
