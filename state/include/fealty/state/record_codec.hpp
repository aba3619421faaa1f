#pragma once

#include <cstdint>
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

/// Member record -> bytes, appended to `out`. `as_of` is written in place of record.as_of;
/// record.id is not written, it is in the key.
void encode_record(const member::Record& record, member::Offset as_of, std::string& out);
/// Fills all of `record`, its id with `id`. Unspecified after an error.
Result<void> decode_record(std::string_view id, std::string_view bytes, member::Record& record);

/// One ledger entry: a field of a chunk.
void encode_entry(const member::LedgerEntry& entry, std::string& out);
/// Reads what it made; `entry` borrows from it.
Result<void> decode_entry(std::string_view bytes, member::LedgerEntry& entry);
/// The seq of what encode_entry() made.
std::uint64_t encoded_seq(std::string_view entry);
/// A chunk: entries that encode_entry() wrote, ascending by seq, behind their format.
void encode_chunk(std::span<const std::string_view> entries, std::string& out);
/// What is decoded borrows from `bytes`.
Result<void> decode_chunk(std::string_view bytes, std::vector<member::LedgerEntry>& entries);

/// All but changelog_position.
void encode_checkpoint(const ports::Checkpoint& checkpoint, std::string& out);
Result<ports::Checkpoint> decode_checkpoint(std::string_view bytes);

}  // namespace fealty::state
