#pragma once

#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fealty/state/key_value.hpp"
#include "fealty/state/rocks_stores.hpp"
#include "src/gathered_writes.hpp"
#include "src/rocks_database.hpp"
#include "src/table_file.hpp"

namespace fealty::state {

/// What a RocksDB status means to us, naming the directory.
Error error_of(const rocksdb::Status& status, const std::string& directory);

/// Likewise, for one who reads what another process may be writing to: files may go. Not for one
/// who writes: the question whether another does would give the lock away.
Error error_of_reader(const rocksdb::Status& status, const std::string& directory);

/// One open RocksDB as an ordered map. A scan sees the family that its first key belongs to, and
/// nothing of others that lies between. Commits may be gathered in memory before they are written:
/// a read of single keys looks there first, and one of a range has them written where they concern
/// it. What is gathered and cannot be written stays; closing gives it up, as a kill does.
/// Threads: any may read; those that write take turns.
class RocksMap final : public KeyValue {
 public:
  /// `handles`: of the families of `db`, in their order; `write_buffers`: those of `db`.
  RocksMap(std::unique_ptr<rocksdb::DB> db, std::vector<rocksdb::ColumnFamilyHandle*> handles,
           std::string directory, std::shared_ptr<rocksdb::WriteBufferManager> write_buffers,
           const RocksOptions& options, Access access);
  ~RocksMap() override;

  Result<std::optional<std::string>> get(std::string_view key) override;
  Result<void> get_many(std::span<const std::string_view> keys, const GotVisitor& visit) override;
  Result<void> write(std::span<const Write> changes) override;
  /// Table files are made beside each other, and taken in one after the other.
  Result<void> write_in_turn(std::span<const Write> changes, const Turn& turn) override;
  Result<void> scan(std::string_view first, std::string_view end,
                    const PairVisitor& visit) override;
  Result<void> scan_from(std::string_view first, std::string_view at, std::string_view end,
                         const PairVisitor& visit) override;
  /// Meanwhile little is compacted, which would take as long as the filling.
  void begin_filling() override;
  void end_filling() override;
  /// Writes what is gathered.
  Result<void> settle();
  /// Moves the ledger from among the rest, where directories of format 2 have it, into its family.
  /// Returns how many chunks. What is gathered must be nothing.
  Result<std::uint64_t> take_history();
  /// The table files that it reads.
  [[nodiscard]] std::vector<rocksdb::LiveFileMetaData> live_files() const;
  /// What it holds beside RocksDB.
  [[nodiscard]] std::size_t memory() const { return gathered_.memory(); }

 private:
  friend class RocksWrite;
  friend class RocksCommit;
  Result<void> get_written(std::span<const std::string_view> keys,
                           std::span<const std::size_t> numbers, const GotVisitor& visit);
  Result<void> visit_from(rocksdb::Iterator& at, const PairVisitor& visit) const;
  Result<void> settle(std::string_view first, std::string_view end);
  [[nodiscard]] Error read_error(const rocksdb::Status& status) const;
  [[nodiscard]] bool worth_a_table(std::size_t changes, std::size_t bytes) const;
  [[nodiscard]] bool gathered_enough() const;
  Result<void> write_gathered();
  Result<void> make_room(std::size_t memory);
  [[nodiscard]] rocksdb::Status flush();
  void compact_from(int files);

  RocksDatabase db_;
  std::string directory_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_;
  rocksdb::WriteOptions write_options_;
  const std::chrono::milliseconds gather_;
  const bool shared_;  // with a process that writes: read only here
  TableNumbers tables_;
  std::mutex writing_;         // held by the one that writes, for what follows
  rocksdb::WriteBatch batch_;  // scratch
  GatheredWrites gathered_;
  std::chrono::steady_clock::time_point gathered_since_;
  std::mutex filling_;  // guards what follows
  int fillings_ = 0;
};

/// A write to RocksDB, all or nothing, whose changes are handed over piece by piece, ascending by
/// key over all of them. It counts once finish() has answered well. The turn to write is the
/// caller's; one that becomes table files needs it for finish() only.
class RocksWrite {
 public:
  /// `changes` and `bytes`, about: many become a table file in each family.
  RocksWrite(RocksMap& map, std::size_t changes, std::size_t bytes);
  ~RocksWrite();
  RocksWrite(const RocksWrite&) = delete;
  RocksWrite& operator=(const RocksWrite&) = delete;
  /// What such a write takes of the write buffers, in bytes.
  static std::size_t memory_of(std::size_t changes, std::size_t bytes);
  /// The changes' keys with `prefix` before each.
  Result<void> add(std::string_view prefix, std::span<const Write> changes);
  Result<void> finish();

 private:
  using Parts = std::vector<std::span<const Write>>;

  void part(std::string_view prefix, std::span<const Write> changes);
  [[nodiscard]] rocksdb::Status add_to_batch(std::string_view prefix);
  [[nodiscard]] rocksdb::Status add_to_file(Family family, std::string_view prefix);
  [[nodiscard]] rocksdb::Status add_to_files(std::string_view prefix);
  [[nodiscard]] rocksdb::Status ingest();
  [[nodiscard]] Result<void> answer(const rocksdb::Status& status) const;

  RocksMap& map_;
  const std::size_t memory_;           // that it takes of the write buffers
  std::optional<std::size_t> number_;  // of its table files
  std::array<std::optional<TableFile>, families.size()> files_;  // where it becomes such
  // Scratch of add().
  std::array<Parts, families.size()> parts_;
  std::string key_;
};

/// A commit, likewise; until this object goes, others wait. A small one may be gathered with
/// others: an error may be of the write of those before it, too, and leaves a prefix of whole
/// commits.
class RocksCommit {
 public:
  /// `changes` and `bytes`: as RocksWrite.
  RocksCommit(RocksMap& map, std::size_t changes, std::size_t bytes);
  /// The changes' keys with `prefix` before each.
  Result<void> add(std::string_view prefix, std::span<const Write> changes);
  Result<void> finish();

 private:
  RocksMap& map_;
  const std::lock_guard<std::mutex> turn_;
  std::optional<RocksWrite> alone_;
  Result<void> begun_;
};

}  // namespace fealty::state
