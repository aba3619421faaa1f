#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fealty/base/result.hpp"
#include "fealty/state/faults.hpp"

namespace fealty::state {

class Inspection;
struct RocksOpened;

/// Holds a partition's store against its changelog: restores the records up to the store's own
/// position into a scratch directory, as an empty disk is restored, and compares key by key. So
/// memory stays bounded, whatever there is of either. A key of which the changelog has a record
/// behind that position is left out: compaction may have taken the one before.
///
/// Owns:    the scratch database (the directory is the caller's). Threads: one.
/// Errors:  of the scratch directory, as RocksStores. What does not decode goes to Faults.
class ChangelogAudit {
 public:
  /// `scratch`: an empty directory.
  static Result<std::unique_ptr<ChangelogAudit>> open(const std::string& scratch);
  ~ChangelogAudit();

  /// Begins with a partition whose store stands at `position` of the changelog.
  void begin(std::uint32_t partition, std::uint64_t position, Faults& faults);
  /// Takes the partition's next record; `position`: that after it.
  Result<void> take(std::string_view key, std::string_view value, std::uint64_t position);
  /// Compares. Returns how many keys were the same.
  Result<std::uint64_t> finish(Inspection& inspection);

 private:
  struct Current;
  explicit ChangelogAudit(std::unique_ptr<RocksOpened> scratch);
  Result<void> take_later(std::string_view key, std::string_view value);

  std::unique_ptr<RocksOpened> scratch_;
  std::unique_ptr<Current> current_;
};

}  // namespace fealty::state
