#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fealty/member/history.hpp"
#include "fealty/member/record.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/state/inspection.hpp"
#include "fealty/state/key_value.hpp"

namespace fealty::state {

/// Sums over what lies beside a member.
struct BesideSums {
  std::uint64_t orders = 0, reservations = 0;
  std::int64_t earned = 0, spent = 0;                                // of the ledger
  std::int64_t revenue_minor = 0, refunded_minor = 0, reversed = 0;  // of the orders
  std::int64_t reserved = 0;
};

/// One reading of a partition that holds each record against its ledger, rows and timer, and each
/// of those against the records. Every fault is reported; one reading goes on behind it where it
/// can. Borrows all that it is given. Threads: one.
class PartitionAudit {
 public:
  /// `map`: the partition's keys; `store`: the same, decoded.
  PartitionAudit(KeyValue& map, ports::MemberStore& store, std::uint32_t partition,
                 const AuditRules& rules, Faults& faults)
      : map_{map}, store_{store}, partition_{partition}, rules_{rules}, faults_{faults} {}
  Audited run();

 private:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  void checkpoint();
  void members();
  void member(std::string_view id, std::string_view bytes);
  void record_alone(const member::Record& record);
  void ledger(const member::Record& record, BesideSums& sums);
  void entry(const member::Record& record, const member::LedgerEntry& entry);
  void orders(const member::Record& record, BesideSums& sums);
  void reservations(const member::Record& record, BesideSums& sums);
  void parked(const member::Record& record);
  void sums(const member::Record& record, const BesideSums& sums);
  void timer(const member::Record& record);
  /// Rows and timers, more of them than the members account for: whose are they?
  void strays(char table, std::uint64_t expected);
  void stray(char table, std::string_view key);
  void deliveries();
  void unknown_tables();

  /// Calls `visit` with the rows of a member in a table; what cannot be read is a fault.
  template <class Visit>
  void each_row(char table, const member::Record& record, const Visit& visit);
  /// Calls `visit` with each key of a table, in pages, so that it may read.
  template <class Visit>
  void each_key(char table, const Visit& visit);
  void differs(std::string_view member, std::string key, std::string problem);

  KeyValue& map_;
  ports::MemberStore& store_;
  const std::uint32_t partition_;
  const AuditRules& rules_;
  Faults& faults_;
  std::optional<ports::Checkpoint> checkpoint_;
  Audited seen_;
  std::uint64_t chunks_ = 0, orders_ = 0, reservations_ = 0, parked_ = 0, due_ = 0;
  // The entry before, of the member at hand, and the sum up to it.
  std::uint64_t seq_ = 0, hash_ = 0;
  std::int64_t after_ = 0, balance_ = 0;
};

}  // namespace fealty::state
