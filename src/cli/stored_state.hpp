#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/base/time.hpp"
#include "fealty/member/record.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/program/series.hpp"
#include "fealty/state/rocks_stores.hpp"

namespace fealty::cli {

/// The state directory of a service or replay, opened for reading; it may be in use.
///
/// Owns:    its read-only stores. Threads: one.
/// Errors:  usage (no such state), wrong_program, store_unavailable, store_corrupt, wrong_revision.
class StoredState {
 public:
  static Result<StoredState> open(const std::string& directory);

  /// A member and the partition that holds it.
  struct Found {
    std::size_t partition = 0;  // index into partitions
    member::Record record;
  };
  /// nullopt where no partition knows the member.
  Result<std::optional<Found>> find(std::string_view id);
  /// Its ledger, oldest first. store_corrupt at its end where it is not all that the record counts.
  Result<void> history(const Found& found,
                       const std::function<void(const member::LedgerEntry&)>& visit);
  /// Every member, ascending by id (bytewise) over all partitions.
  Result<void> scan(const std::function<Result<void>(const member::Record&)>& visit);
  /// Every ledger entry, partition by partition, in each by member and number.
  Result<void> ledger(const std::function<Result<void>(std::string_view member,
                                                       const member::LedgerEntry&)>& visit);
  /// wrong_program where another program made this state.
  [[nodiscard]] Result<void> belongs_to(const program::Series& series) const;

  /// Whether a run has committed anything to it.
  [[nodiscard]] bool used() const;
  /// What a member's views are computed for: the latest time that the state or the member has seen.
  [[nodiscard]] EventTime clock(const member::Record& record) const;
  /// By partition: where its input would be read again from.
  [[nodiscard]] std::map<std::uint32_t, std::uint64_t> recover_from() const;
  /// "partition 0 as of input position 17 (stopped cleanly)": how far an answer can be relied on.
  [[nodiscard]] std::string standing(std::size_t partition) const;
  [[nodiscard]] std::size_t partitions() const { return partitions_.size(); }
  /// Says on stderr that no partition knows `id`, as far as its files tell; the exit code for that.
  [[nodiscard]] int unknown_member(std::string_view id) const;

 private:
  struct Partition {
    std::uint32_t number = 0;
    std::unique_ptr<ports::MemberStore> store;
    ports::Checkpoint checkpoint;
  };
  std::string directory_;
  std::unique_ptr<state::RocksStores> stores_;
  std::vector<Partition> partitions_;
};

}  // namespace fealty::cli
