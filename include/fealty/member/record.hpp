#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "fealty/base/boxed.hpp"
#include "fealty/base/small_vector.hpp"
#include "fealty/base/time.hpp"
#include "fealty/base/units.hpp"
#include "fealty/member/delivery_window.hpp"

/// A member's state, plain types. Two parts: the compact Record, bounded and loaded with every
/// event, and what lies beside it: ledger entries (history.hpp) and rows (rows.hpp), each found by
/// a read of its own.
namespace fealty::member {

/// Input position, as event::Offset.
using Offset = std::uint64_t;

/// What qualifies for a level, by bucket: the day (rolling), the year (calendar) or 0 (lifetime).
struct QualifyingBucket {
  std::int32_t bucket = 0;
  std::int64_t amount = 0;
  friend bool operator==(const QualifyingBucket&, const QualifyingBucket&) = default;
};

/// Where a member stands in the levels, at some day of the member's own timeline.
struct LevelState {
  std::uint8_t level = 0;  // index into Program::levels, 0 = lowest
  Day since = 0;           // day of the last change; 0 = since joining
  Day check = no_day;      // day at which a downgrade falls due if nothing happens before
  friend bool operator==(const LevelState&, const LevelState&) = default;
};

/// Whether the member is held at risk of churn, at some day of the member's own timeline.
struct ChurnState {
  bool raised = false;
  Day since = 0;     // day of the last change; 0 = never changed
  Day due = no_day;  // day of the next change if nothing happens before
  friend bool operator==(const ChurnState&, const ChurnState&) = default;
};

/// That a refund waits for its purchase; the row `number` holds it. The hash only says which rows
/// to read when an order comes.
struct ParkedIndex {
  std::uint64_t order_hash = 0;  // hash64(order id)
  std::uint8_t number = 0;       // below parked_max; no two of a member the same
  friend bool operator==(const ParkedIndex&, const ParkedIndex&) = default;
};

/// What bounds a record: with all of these used up, and the levels' bound, it encodes to less than
/// record_bytes_max.
inline constexpr std::size_t record_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t purchase_days_max = 8192;  // distinct days
inline constexpr std::size_t attributes_bytes_max = std::size_t{16} * 1024;
inline constexpr std::size_t time_zone_bytes_max = 256;
inline constexpr std::size_t parked_max = 16;
inline constexpr std::uint32_t reservations_max = 10'000;
/// Of a parked refund's texts, counting parked_line_bytes for each of its lines.
inline constexpr std::size_t parked_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t parked_line_bytes = 40;

/// Most members buy on a few days, in one or two windows of their level.
using PurchaseDays = SmallVector<Day, 6>;
using QualifyingBuckets = SmallVector<QualifyingBucket, 2>;

/// What few members have.
struct Rare {
  std::vector<ParkedIndex> parked;  // in the order of their arrival
  std::uint32_t reservations = 0;   // open ones
  std::string time_zone, attributes;
  friend bool operator==(const Rare&, const Rare&) = default;
};

/// The member's compact record.
///
/// `settled` states follow the member's own events only: they never depend on other members, so the
/// result is the same for any number of partitions. The partition's clock runs ahead of a quiet
/// member: what it brings about (a downgrade that fell due, a risk raised) is announced at once and
/// kept in the `announced` states; a late event that makes an announcement wrong corrects it.
///
/// The order of the fields is that of their use: what every event reads and writes comes first,
/// what only money moves next, what hardly any event touches last, each in as few cache lines as
/// may be.
struct Record {  // NOLINT(bugprone-exception-escape): out of memory while moved ends the process
  std::string id;
  Offset as_of = 0;  // saved versions only: all input before this position is in this record

  // What was seen.
  EventTime last_time{};                  // largest event time seen of this member
  Day first_day = no_day, last_day = -1;  // own events, by event time; no_day/-1 before the first

  LevelState level, announced_level;
  ChurnState churn, announced_churn;
  std::uint16_t churn_bp = 0;  // 0..10000 as of churn_day, when a purchase last changed it
  std::uint8_t recent_next = 0;
  Day churn_day = 0;
  std::uint32_t clicks = 0, views = 0, logins = 0, reviews = 0, rating_sum = 0;

  // Points: what every event that may earn some looks at.
  std::int64_t balance = 0;          // redeemable; negative = debt
  std::int64_t lifetime_points = 0;  // earned less reversed, never lowered by spending

  // Delivery: repeats of events that touch no money are known among the last recent_max ids, by
  // hash64 of id and source: who can make two of them meet can as well send one twice.
  static constexpr std::size_t recent_max = 16;
  std::array<std::uint64_t, recent_max> recent_ids{};

  // What was bought. purchase_days: distinct days with a purchase, ascending; the model's x = size
  // - 1.
  PurchaseDays purchase_days;
  QualifyingBuckets qualifying;  // ascending by bucket
  std::uint32_t purchases = 0;   // orders, refunded ones included
  std::uint32_t refunds = 0;
  std::int64_t revenue_minor = 0;   // sum of order totals, in the program's currency
  std::int64_t refunded_minor = 0;  // of it given back

  std::int64_t reserved = 0;  // held by open reservations, not in balance
  std::int64_t redeemed_points = 0;
  std::uint64_t ledger_seq = 0;   // number of ledger entries so far; the next entry gets seq + 1
  std::uint64_t ledger_hash = 0;  // hash chain over the entries
  DeliveryWindow deliveries;      // repeats of money events are known for ever: here, then as rows

  // Seldom touched.
  Boxed<Rare> rare;
  std::uint32_t timer_notices = 0;  // announced by the clock so far: tells two of one day apart
  Day joined = no_day, birthday = no_day;

  /// The next day at which announce() would change something; no_day = none.
  [[nodiscard]] Day due() const {
    return announced_level.check < announced_churn.due ? announced_level.check
                                                       : announced_churn.due;
  }
  friend bool operator==(const Record&, const Record&) = default;
};

}  // namespace fealty::member
