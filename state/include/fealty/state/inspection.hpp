#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/member/history.hpp"
#include "fealty/member/record.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/state/faults.hpp"

namespace fealty::state {

struct RocksOpened;

/// The tables of a partition, by their letters (see record.proto and EncodedStore).
inline constexpr std::array table_letters{'m', 'l', 'o', 'd', 'r', 'v', 't', 'c', 'p'};
/// "members", "ledger", "orders", ...
std::string_view table_name(char letter);

struct TableSize {
  char letter = 0;
  std::uint64_t rows = 0, bytes = 0;  // of keys and values as they are, not as compressed on disk
  struct Largest {
    std::string member;
    std::uint64_t bytes = 0;
  };
  std::vector<Largest> largest{};  // members by what they have in this table; descending
};

struct TableFileSize {
  std::string name;    // within the directory
  std::string family;  // "state", "history"
  std::uint64_t bytes = 0;
};

struct AuditRules {
  /// The hash of a ledger entry by that of the one before: program::chain_hash().
  std::function<std::uint64_t(std::uint64_t, const member::LedgerEntry&)> chain;
  std::size_t levels = 0;  // of the program; 0 = not known
};

/// What an audit looked at.
struct Audited {
  std::uint64_t members = 0, entries = 0, rows = 0, timers = 0;
};

/// A state directory seen from outside, read-only and as of the moment that it was opened: its
/// table files, and each key of its partitions.
///
/// Owns:    a read-only RocksDB. Threads: one.
/// Errors:  as RocksStores::open_in(); what a reading finds broken goes to Faults instead.
class Inspection {
 public:
  /// `whole_log`: damage within RocksDB's own log is an error, too (store_corrupt); without it the
  /// log ends where it can no longer be read, and the state is an older one.
  static Result<std::unique_ptr<Inspection>> open(const std::string& directory, bool whole_log);
  ~Inspection();

  [[nodiscard]] std::vector<TableFileSize> table_files() const;
  /// Those of which anything is saved, ascending.
  Result<std::vector<std::uint32_t>> partitions();
  Result<std::optional<ports::Checkpoint>> checkpoint(std::uint32_t partition);
  /// Every member of the partition, ascending by id. Stops at the first error of `visit`.
  Result<void> members(std::uint32_t partition,
                       const std::function<Result<void>(const member::Record&)>& visit);
  /// Each table that has rows, with up to `largest_max` members; one reading of all the state.
  Result<std::vector<TableSize>> sizes(std::uint32_t partition, std::size_t largest_max);
  /// Holds what the partition's records promise against their ledger, rows and timers.
  Audited audit(std::uint32_t partition, const AuditRules& rules, Faults& faults);

 private:
  friend class ChangelogAudit;
  explicit Inspection(std::unique_ptr<RocksOpened> rocks);
  std::unique_ptr<RocksOpened> rocks_;
};

/// Reads every block of every table file against its checksum: of those named in `files`, or where
/// the database itself does not open, of all that lie there (nullptr). Returns their bytes.
std::uint64_t check_table_files(const std::string& directory,
                                const std::vector<TableFileSize>* files, Faults& faults);

/// The names of RocksDB's own log files in it, for a message: "000008.log".
std::string log_files(const std::string& directory);

}  // namespace fealty::state
