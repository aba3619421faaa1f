// The third part of EncodedStore: to the changelog, and back from it.
#include <algorithm>
#include <utility>
#include <vector>

#include "fealty/base/check.hpp"
#include "fealty/state/encoded_store.hpp"
#include "src/format_error.hpp"
#include "src/keys.hpp"
#include "src/pack_codec.hpp"
#include "src/restoring.hpp"

namespace fealty::state {
namespace {

constexpr std::size_t store_bytes_min = std::size_t{64} << 10U;
/// Brokers take a record of 1 MiB unless they are told otherwise.
constexpr std::size_t pack_bytes_max = std::size_t{256} << 10U;

Error unknown_table() {
  return Error{Errc::wrong_revision, "changelog",
               "a record of a table this release does not know: start the one that wrote it"};
}

/// Writes a batch's items as changelog records, those of a member that are never erased together.
class Packer {
 public:
  Packer(const ports::SavedBatch& batch, ports::Stream stream, std::uint32_t partition,
         ports::OutputBuffer& out)
      : batch_{batch}, stream_{stream}, partition_{partition}, out_{out} {}

  void take(const ports::SavedBatch::Item& item) {
    const std::string_view key = batch_.key(item);
    if (key[0] == keys::member_table) begin_member(key.substr(1));
    if (key[0] == keys::checkpoint_table) write_pack();
    if (!keys::is_packed_table(key[0])) return add(item);
    if (bytes_ + item.key_size + item.value_size > pack_bytes_max) write_pack();
    if (key[0] == keys::ledger_table && first_seq_ == 0) {
      first_seq_ = keys::read_big_endian(keys::behind_member(key, member_));
    }
    waiting_.push_back(&item);
    bytes_ += item.key_size + item.value_size;
  }
  /// One row alone is a record of its own.
  void write_pack() {
    if (waiting_.size() == 1) add(*waiting_.front());
    if (waiting_.size() > 1) {
      key_.clear();
      keys::append_pack(member_, batch_.as_of, first_seq_, part_++, key_);
      std::string& pack = out_.start(stream_, partition_, key_);
      begin_pack(pack);
      for (const ports::SavedBatch::Item* const item : waiting_) {
        const std::string_view key = batch_.key(*item);
        pack_row(key[0], keys::behind_member(key, member_), batch_.value(*item), pack);
      }
      out_.finish();
    }
    waiting_.clear();
    bytes_ = 0;
  }

 private:
  void begin_member(std::string_view id) {
    write_pack();
    member_ = id;
    first_seq_ = 0;
    part_ = 0;
  }
  void add(const ports::SavedBatch::Item& item) {
    out_.add(stream_, partition_, batch_.key(item), batch_.value(item));
  }

  const ports::SavedBatch& batch_;
  const ports::Stream stream_;
  const std::uint32_t partition_;
  ports::OutputBuffer& out_;
  std::string_view member_;
  std::uint64_t first_seq_ = 0;  // of its ledger entries in the batch; 0 = none
  std::uint16_t part_ = 0;
  std::vector<const ports::SavedBatch::Item*> waiting_;
  std::size_t bytes_ = 0;  // of them
  std::string key_;
};

}  // namespace

std::size_t RestoreMemory::room(std::size_t own) const {
  const std::size_t held = held_, others = held - std::min(held, own);
  return std::max(bytes_ - std::min(bytes_, others), store_bytes_min);
}

void EncodedStore::to_changelog(const ports::SavedBatch& batch, ports::Stream stream,
                                std::uint32_t partition, ports::OutputBuffer& out) {
  Packer packer{batch, stream, partition, out};
  for (const auto& item : batch.items) packer.take(item);
  packer.write_pack();
}

Result<void> EncodedStore::restore(std::string_view key, std::string_view value,
                                   std::uint64_t position) {
  if (key.empty()) return Error{Errc::store_corrupt, "changelog", "a record without a key"};
  if (restoring_ == nullptr) {
    if (auto begun = begin_restoring(); !begun) return begun;
  }
  const char table = key[0];
  if (table == keys::pack_table) {
    if (auto taken = restore_pack(key, value); !taken) return taken;
  } else if (table == keys::member_table || table == keys::ledger_table ||
             table == keys::checkpoint_table || keys::is_row_table(table)) {
    restoring_->put(key, value);
  } else {
    return unknown_table();
  }
  return restoring_->passed(position);
}

Result<void> EncodedStore::begin_restoring() {
  auto pass = std::make_unique<Restoring>(*map_, memory_);
  if (auto begun = pass->begin(); !begun) return begun;
  restoring_ = std::move(pass);
  return {};
}

/// Each of its rows under its own key. One that is gone takes none of them along.
Result<void> EncodedStore::restore_pack(std::string_view key, std::string_view value) {
  const std::string_view id = keys::member_of_pack(key);
  if (id.empty()) return Error{Errc::store_corrupt, "changelog", "the key of a pack"};
  if (value.empty()) return {};
  std::string own_key;
  const auto read = decode_pack(value, [&](const PackedRow& row) -> Result<void> {
    if (!keys::is_packed_table(row.key.front())) return unknown_table();
    own_key.clear();
    keys::append_row(id, row.key, own_key);
    restoring_->put(own_key, row.value);
    return {};
  });
  return read ? read : of_changelog(read.error(), id);
}

Result<void> EncodedStore::restored(std::uint64_t position) {
  if (restoring_ == nullptr) {
    // Nothing came. A pass may have been cut short behind its last record, before it made timers.
    if (auto begun = begin_restoring(); !begun) return begun;
    if (!restoring_->was_cut_short()) {
      restoring_.reset();
      return {};
    }
  }
  auto finished = restoring_->finish(position);
  restoring_.reset();
  return finished;
}

}  // namespace fealty::state
