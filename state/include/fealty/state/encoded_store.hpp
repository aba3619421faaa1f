#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "fealty/ports/member_store.hpp"
#include "fealty/state/key_value.hpp"
#include "fealty/state/record_codec.hpp"

namespace fealty::state {

class Restoring;

/// What stores that are restored side by side hold of it before they write it, all together. One
/// alone has it to itself: the larger its portions, the fewer table files they become.
/// Threads: any.
class RestoreMemory {
 public:
  explicit RestoreMemory(std::size_t bytes = std::size_t{64} << 20U) : bytes_{bytes} {}
  void take(std::size_t bytes) { held_ += bytes; }
  void give_back(std::size_t bytes) { held_ -= bytes; }
  /// What the others leave to one that holds `own`.
  [[nodiscard]] std::size_t room(std::size_t own) const;
  /// Where there are no others.
  [[nodiscard]] std::size_t room_alone() const { return room(held_); }

 private:
  const std::size_t bytes_;
  std::atomic<std::size_t> held_ = 0;
};

/// A MemberStore over any ordered map of byte strings: what RocksDB and memory have in common.
/// Tables by first letter: those of record.proto, but for packs, which the changelog alone has:
/// here each row lies under its own key. And of this store alone, not in the changelog:
///   't' + day (4 bytes, big endian, sign flipped) + id   a member's due day, no value
///   'p'                                                  changelog position, 8 bytes big endian
///   'q'                                                  it is being filled, and lacks timers
///
/// A timer's entry stays until its member is saved with another day. Owns: the map. Threads: one at
/// a time, but encode() and the pure calls may run beside any other, and load() and find_rows()
/// beside save() where the
/// map's reads may run beside its writes.
class EncodedStore : public ports::MemberStore {
 public:
  /// `memory`: shared with other stores; nullptr = of its own.
  explicit EncodedStore(std::unique_ptr<KeyValue> map,
                        std::shared_ptr<RestoreMemory> memory = nullptr);
  ~EncodedStore() override;
  EncodedStore(const EncodedStore&) = delete;
  EncodedStore& operator=(const EncodedStore&) = delete;

  Result<std::optional<ports::Checkpoint>> checkpoint() override;
  Result<void> load(std::span<const std::string_view> members,
                    std::span<member::Record* const> out) override;
  Result<void> find_rows(std::string_view member, std::span<member::FoundRow* const> rows) override;
  void encode(const member::LedgerEntry& entry, std::string& out) override;
  Result<void> decode(std::string_view encoded, member::LedgerEntry& entry) override;
  void encode(const member::RowChange& change, const member::Effects& effects,
              std::string& out) override;
  void encode(const member::RowKey& key, std::string& out) override;
  Result<void> decode(std::string_view value, member::FoundRow& row) override;
  void encode(std::span<const ports::SaveItem> items, ports::Offset as_of,
              ports::SavedBatch& batch) override;
  void encode(const ports::Checkpoint& checkpoint, ports::SavedBatch& batch) override;
  void to_changelog(const ports::SavedBatch& batch, ports::Stream stream, std::uint32_t partition,
                    ports::OutputBuffer& out) override;
  Result<void> restore(std::string_view key, std::string_view value,
                       std::uint64_t position) override;
  Result<void> restored(std::uint64_t position) override;
  Result<bool> due(const ports::DuePlace& after, Day until, std::size_t limit,
                   std::vector<ports::DuePlace>& out) override;
  Result<void> scan(const std::function<Result<void>(const member::Record&)>& visit) override;
  Result<void> page(std::string_view after, std::size_t limit,
                    std::vector<member::Record>& out) override;
  Result<void> history(std::string_view member, std::uint64_t from_seq, std::size_t limit,
                       const std::function<void(const member::LedgerEntry&)>& visit) override;
  bool empty() override;
  /// Keeps one partition's part of a commit, all or nothing.
  Result<void> save(const ports::SavedBatch& batch);

 protected:
  [[nodiscard]] KeyValue& map() { return *map_; }

 private:
  void encode_ledger(const ports::SaveItem& save, ports::SavedBatch& batch);
  void encode_rows(const ports::SaveItem& save, ports::SavedBatch& batch);
  Result<void> begin_restoring();
  Result<void> restore_pack(std::string_view key, std::string_view value);

  std::unique_ptr<KeyValue> map_;
  std::shared_ptr<RestoreMemory> memory_;

  // Scratch of one load.
  std::vector<std::string_view> keys_;
  std::vector<std::size_t> order_;
  std::string key_bytes_;

  // Scratch of one look-up of rows.
  std::vector<std::string> row_keys_;
  std::vector<std::string_view> row_views_;
  std::vector<std::size_t> row_order_;

  std::unique_ptr<Restoring> restoring_;  // the pass over the changelog under way
};

}  // namespace fealty::state
