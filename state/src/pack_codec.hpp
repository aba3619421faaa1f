#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "fealty/base/result.hpp"

/// Packs: rows of one member in one changelog record. The bytes that record.proto describes.
/// Errors: store_corrupt, wrong_revision.
namespace fealty::state {

/// A row of a pack: its table's letter and what follows the member in its key; its value.
struct PackedRow {
  std::string_view key, value;
};

/// Appends the beginning of a pack; then its rows.
void begin_pack(std::string& out);
/// `key`: what follows the member.
void pack_row(char table, std::string_view key, std::string_view value, std::string& out);
/// Every row in its order; neither key nor value is empty. Stops at the first error of `visit`.
Result<void> decode_pack(std::string_view bytes,
                         const std::function<Result<void>(const PackedRow&)>& visit);

}  // namespace fealty::state
