#pragma once

#include <string>
#include <string_view>

#include "fealty/base/result.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/member/rows.hpp"

/// The values of rows, and the part of their keys behind the member: plain types <-> the bytes that
/// state/proto/record.proto describes.
namespace fealty::state {

/// The table letter, and what follows the member's id in the key.
void append_row_key(const member::RowKey& key, std::string& out);
/// The value of a row that is put.
void encode_row(const member::RowChange& change, const member::Effects& effects, std::string& out);
/// Fills what a row of its key has; its key is set before. Its bytes lie in row.bytes afterwards.
Result<void> decode_row(std::string_view value, member::FoundRow& row);

void encode_order(const member::OrderGrant& order, std::string& out);
/// All but the order id, which the key says. Precondition: `order` is empty.
Result<void> decode_order(std::string_view bytes, member::OrderGrant& order);

}  // namespace fealty::state
