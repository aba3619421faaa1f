#include "src/rocks_database.hpp"

#include <utility>

#include "fealty/base/check.hpp"
#include "src/keys.hpp"

namespace fealty::state {

Family family_of(std::string_view key) {
  const bool history =
      key.size() > keys::partition_bytes && key[keys::partition_bytes] == keys::ledger_table;
  return history ? Family::history : Family::state;
}

RocksDatabase::RocksDatabase(std::unique_ptr<rocksdb::DB> db,
                             std::vector<rocksdb::ColumnFamilyHandle*> handles)
    : db_{std::move(db)}, handles_{std::move(handles)} {
  check(handles_.size() == families.size(), "a handle for each family");
}

/// Without a write-ahead log closing flushes what is in memory. A failure leaves an older prefix.
RocksDatabase::~RocksDatabase() {
  for (rocksdb::ColumnFamilyHandle* const handle : handles_) {
    const rocksdb::Status destroyed = db_->DestroyColumnFamilyHandle(handle);
    destroyed.PermitUncheckedError();
  }
  const rocksdb::Status closed = db_->Close();
  closed.PermitUncheckedError();
}

}  // namespace fealty::state
