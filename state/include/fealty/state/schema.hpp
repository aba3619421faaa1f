#pragma once

#include <string>
#include <string_view>

#include "fealty/base/result.hpp"

namespace fealty::state {

/// Which message of record.proto some stored bytes are.
enum class Schema { member, ledger, order, delivery, parked, reservation, pack, checkpoint };

/// `bytes` as Protobuf's own generated classes read and write them: a second reader, slow, that
/// knows nothing of our codec. Equal to `bytes` where the codec keeps to the schema. Errors:
/// store_corrupt.
Result<std::string> through_schema(Schema schema, std::string_view bytes);

}  // namespace fealty::state
