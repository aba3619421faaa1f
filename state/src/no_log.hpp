#pragma once

#include <rocksdb/env.h>

#include <cstdarg>

namespace fealty::state {

/// RocksDB's own text log is dropped: on a full disk this release of it would end the process over
/// a line that it cannot write. What matters reaches us as a status.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace fealty::state
