#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/member/history.hpp"
#include "fealty/member/record.hpp"
#include "fealty/ports/member_store.hpp"

/// The record at rest: plain types <-> the bytes that state/proto/record.proto describes.
/// Equal values give equal bytes. Decoding never crashes and never guesses.
/// Errors: store_corrupt (bytes that no encode() made), wrong_revision (another format).
namespace fealty::state {

/// The format that this binary reads and writes.
inline constexpr std::uint32_t format_version = 2;

/// Member record -> bytes, appended to `out`.
/// Owns: scratch space for sorting. Threads: one at a time.
class RecordEncoder {
 public:
  /// `as_of` is written in place of record.as_of; record.id is not written, it is in the key.
  void encode(const member::Record& record, member::Offset as_of, std::string& out);

 private:
  std::vector<member::KeySet::Entry> sorted_;
};

/// Fills all of `record`, its id with `id`. Unspecified after an error.
Result<void> decode_record(std::string_view id, std::string_view bytes, member::Record& record);

/// One ledger entry, one order's grant: a field of a history chunk each.
void encode_entry(const member::LedgerEntry& entry, std::string& out);
void encode_order(const member::OrderGrant& order, std::string& out);
/// A history chunk: fields that encode_entry() and encode_order() wrote, entries first, behind
/// their format.
void encode_history(std::span<const std::string_view> fields, std::string& out);
/// What is decoded borrows from `bytes`.
Result<void> decode_history(std::string_view bytes, member::History& history);
/// One order's grant as encode_order() wrote it, at the start of `bytes`.
void decode_order(std::string_view bytes, member::OrderGrant& order);
/// The grant of one order, without decoding the rest of the chunk.
Result<std::optional<member::OrderGrant>> find_order_in(std::string_view bytes,
                                                        std::uint64_t order_key);

/// All but changelog_position.
void encode_checkpoint(const ports::Checkpoint& checkpoint, std::string& out);
Result<ports::Checkpoint> decode_checkpoint(std::string_view bytes);

}  // namespace fealty::state
