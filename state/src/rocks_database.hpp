#pragma once

#include <rocksdb/db.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace fealty::state {

/// The column families of the database. History is written once, in large part text, and read by
/// ranges only: in tables of its own it is compressed, and no look-up of a member or a row meets
/// it.
enum class Family : std::uint8_t {
  state,    // RocksDB's default one: all tables but the ledger
  history,  // the ledger
};
inline constexpr std::array families{Family::state, Family::history};
/// From so many files at level 0 on they are compacted; while a store is being filled, which adds
/// them faster, and has no readers yet.
inline constexpr int level0_files = 24, level0_files_filling = 48;
/// Of a family in what is kept for each of them.
constexpr std::size_t place_of(Family family) { return static_cast<std::size_t>(family); }

/// Where a key belongs, with the partition in front of it.
Family family_of(std::string_view key);

inline rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

/// An open database, and the handles of its families. Closes it. Threads: any.
class RocksDatabase {
 public:
  /// `handles`: in the order of `families`.
  RocksDatabase(std::unique_ptr<rocksdb::DB> db, std::vector<rocksdb::ColumnFamilyHandle*> handles);
  ~RocksDatabase();
  RocksDatabase(const RocksDatabase&) = delete;
  RocksDatabase& operator=(const RocksDatabase&) = delete;

  rocksdb::DB* operator->() const { return db_.get(); }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return handles_[place_of(family)];
  }
  [[nodiscard]] const std::vector<rocksdb::ColumnFamilyHandle*>& handles() const {
    return handles_;
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

}  // namespace fealty::state
