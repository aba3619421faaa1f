#pragma once

#include <cstdint>
#include <string>

#include "fealty/base/result.hpp"
#include "src/rocks_map.hpp"

namespace fealty::state {

/// Brings a directory of `format`, open for writing, to directory_version. Killed at any time it is
/// still of the old format, and the next call goes on where it stopped. Errors: as
/// RocksStores::open_in().
Result<void> upgrade(const std::string& directory, std::uint32_t format, RocksMap& map);

}  // namespace fealty::state
