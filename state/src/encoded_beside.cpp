// The second half of EncodedStore: what lies beside a member's record, ledger and rows.
#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "fealty/base/check.hpp"
#include "fealty/state/encoded_store.hpp"
#include "src/format_error.hpp"
#include "src/keys.hpp"
#include "src/row_codec.hpp"

namespace fealty::state {
namespace {

constexpr std::size_t key_bytes_about = 512;
/// A page of a ledger reads a chunk more than it shows at most.
constexpr std::size_t chunk_bytes_max = std::size_t{32} << 10U;
/// The length of a row's key, in front of its change.
constexpr std::size_t length_bytes = 2;

struct EncodedRow {
  std::string_view key, value;  // the key as append_row_key() writes it
};
EncodedRow row_of(std::string_view change) {
  const std::string_view name = ports::row_name(change);
  return {name.substr(length_bytes), change.substr(name.size())};
}

}  // namespace

void EncodedStore::encode(const member::LedgerEntry& entry, std::string& out) {
  encode_entry(entry, out);
}

Result<void> EncodedStore::decode(std::string_view encoded, member::LedgerEntry& entry) {
  return decode_entry(encoded, entry);
}

void EncodedStore::encode(const member::RowKey& key, std::string& out) {
  const std::size_t at = out.size();
  out.append(length_bytes, '\0');
  append_row_key(key, out);
  const std::size_t size = out.size() - at - length_bytes;
  check(size <= 0xffff, "decode bounds every id");
  out[at] = static_cast<char>(size >> 8U);
  out[at + 1] = static_cast<char>(size & 0xffU);
}

void EncodedStore::encode(const member::RowChange& change, const member::Effects& effects,
                          std::string& out) {
  check(change.what != member::RowChange::What::left, "a row that is there already is not saved");
  encode(change.key, out);
  if (change.what == member::RowChange::What::put) encode_row(change, effects, out);
}

Result<void> EncodedStore::decode(std::string_view value, member::FoundRow& row) {
  return decode_row(value, row);
}

/// In chunks that each begin a page.
void EncodedStore::encode_ledger(const ports::SaveItem& save, ports::SavedBatch& batch) {
  for (std::size_t begin = 0, end = 0; begin < save.entries.size(); begin = end) {
    std::size_t size = 0;
    for (; end < save.entries.size(); ++end) {
      if (end > begin && size + save.entries[end].size() > chunk_bytes_max) break;
      size += save.entries[end].size();
    }
    std::string& chunk = batch.begin_item(key_bytes_about + size);
    keys::append_ledger(save.record->id, encoded_seq(save.entries[begin]), chunk);
    batch.key_done();
    encode_chunk(save.entries.subspan(begin, end - begin), chunk);
    batch.item_done();
  }
}

void EncodedStore::encode_rows(const ports::SaveItem& save, ports::SavedBatch& batch) {
  for (const std::string_view change : save.rows) {
    const EncodedRow row = row_of(change);
    check(!row.value.empty() || !keys::is_packed_table(row.key.front()),
          "what is packed in the changelog is never erased");
    std::string& bytes = batch.begin_item(key_bytes_about + change.size());
    keys::append_row(save.record->id, row.key, bytes);
    batch.key_done();
    bytes.append(row.value);
    batch.item_done();
  }
}

Result<void> EncodedStore::find_rows(std::string_view member,
                                     std::span<member::FoundRow* const> rows) {
  row_keys_.resize(std::max(row_keys_.size(), rows.size()));
  row_order_.resize(rows.size());
  std::iota(row_order_.begin(), row_order_.end(), std::size_t{0});
  std::string suffix;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i]->found = false;
    suffix.clear();
    append_row_key(rows[i]->key, suffix);
    row_keys_[i].clear();
    keys::append_row(member, suffix, row_keys_[i]);
  }
  std::sort(row_order_.begin(), row_order_.end(),
            [&](std::size_t a, std::size_t b) { return row_keys_[a] < row_keys_[b]; });
  row_views_.clear();
  for (const std::size_t i : row_order_) row_views_.emplace_back(row_keys_[i]);
  return map().get_many(row_views_, [&](std::size_t k, std::string_view value) -> Result<void> {
    if (auto read = decode_row(value, *rows[row_order_[k]]); !read) {
      return of_member(read.error(), member);
    }
    return {};
  });
}

Result<void> EncodedStore::history(std::string_view member, std::uint64_t from_seq,
                                   std::size_t limit,
                                   const std::function<void(const member::LedgerEntry&)>& visit) {
  std::string first, at, end;
  keys::append_ledger(member, 0, first);
  keys::append_ledger(member, from_seq, at);
  keys::append_ledger(member, std::numeric_limits<std::uint64_t>::max(), end);
  end.push_back('\0');
  std::vector<member::LedgerEntry> entries;
  const auto page = [&](std::string_view, std::string_view value) -> Result<bool> {
    if (auto read = decode_chunk(value, entries); !read) return of_member(read.error(), member);
    for (const auto& entry : entries) {
      if (entry.seq < from_seq) continue;
      if (limit == 0) return false;
      visit(entry);
      --limit;
    }
    return limit > 0;
  };
  return limit == 0 ? Result<void>{} : map().scan_from(first, at, end, page);
}

}  // namespace fealty::state
