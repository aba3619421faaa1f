#pragma once

#include <rocksdb/listener.h>

#include <mutex>
#include <string>

#include "fealty/base/result.hpp"

namespace fealty::state {

/// Keeps in a file beside RocksDB's catalogue (its manifest) how long that is at least. RocksDB
/// takes a manifest that was cut off for a shorter one: what was flushed since is then missing, and
/// its own log is applied to the rest as if nothing were.
/// Threads: any. Errors: none; what cannot be noted is not checked.
class CatalogueWatch final : public rocksdb::EventListener {
 public:
  explicit CatalogueWatch(std::string directory) : directory_{std::move(directory)} {}
  void note();

  // Once the manifest holds it, and before RocksDB drops the log that it replaces.
  void OnFlushCompleted(rocksdb::DB* /*db*/, const rocksdb::FlushJobInfo& /*info*/) override {
    note();
  }
  void OnCompactionCompleted(rocksdb::DB* /*db*/,
                             const rocksdb::CompactionJobInfo& /*info*/) override {
    note();
  }
  void OnExternalFileIngested(rocksdb::DB* /*db*/,
                              const rocksdb::ExternalFileIngestionInfo& /*info*/) override {
    note();
  }

 private:
  const std::string directory_;
  std::mutex noting_;
};

/// store_corrupt where the manifest is shorter than was noted. Another manifest than the one that
/// was noted, or no note, is no fault: releases before kept none.
Result<void> check_catalogue(const std::string& directory);

}  // namespace fealty::state
