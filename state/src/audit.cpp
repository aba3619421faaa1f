#include "src/audit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fealty/base/hash.hpp"
#include "fealty/state/record_codec.hpp"
#include "src/audit_rows.hpp"
#include "src/keys.hpp"
#include "src/row_codec.hpp"

namespace fealty::state {
namespace {

using member::EntryKind;

/// Sums that broken bytes may run over.
void add(std::int64_t& sum, std::int64_t value) {
  if (__builtin_add_overflow(sum, value, &sum)) sum = INT64_MAX;
}

bool ascending(const member::PurchaseDays& days) {
  return std::adjacent_find(days.begin(), days.end(), [](Day a, Day b) { return a >= b; }) ==
         days.end();
}

}  // namespace

Audited PartitionAudit::run() {
  checkpoint();
  members();
  strays(keys::ledger_table, chunks_);
  strays(keys::order_table, orders_);
  strays(keys::reservation_table, reservations_);
  strays(keys::parked_table, parked_);
  strays(keys::timer_table, due_);
  deliveries();
  unknown_tables();
  return seen_;
}

void PartitionAudit::differs(std::string_view member, std::string key, std::string problem) {
  Fault fault{.kind = Fault::Kind::different, .partition = partition_};
  fault.member = std::string{member};
  fault.key = std::move(key);
  fault.problem = std::move(problem);
  faults_.add(std::move(fault));
}

void PartitionAudit::checkpoint() {
  auto found = store_.checkpoint();
  if (!found) return faults_.add(found.error(), partition_, "checkpoint");
  checkpoint_ = std::move(*found);
  if (!checkpoint_) return differs({}, "checkpoint", "there is none, so nothing says as of when");
  const ports::Checkpoint& at = *checkpoint_;
  const auto wrong = [&](std::string problem) { differs({}, "checkpoint", std::move(problem)); };
  if (at.recover_from > at.committed) {
    wrong(fmt::format("recover_from {} lies behind committed {}", at.recover_from, at.committed));
  }
  if (at.program_id.empty()) wrong("it names no program");
  for (std::size_t i = 1; i < at.advances.size(); ++i) {
    if (at.advances[i].position >= at.advances[i - 1].position) continue;
    wrong(fmt::format("the clock's advances turn back at {}", at.advances[i].position));
  }
  for (std::size_t i = 1; i < at.generations.size(); ++i) {
    if (at.generations[i].version > at.generations[i - 1].version) continue;
    wrong(fmt::format("generation {} of the program follows {}", at.generations[i].version,
                      at.generations[i - 1].version));
  }
}

void PartitionAudit::members() {
  each_key(keys::member_table,
           [&](std::string_view key, std::string_view value) { member(key.substr(1), value); });
}

void PartitionAudit::member(std::string_view id, std::string_view bytes) {
  ++seen_.members;
  member::Record record;
  if (auto read = decode_record(id, bytes, record); !read) {
    return faults_.add(read.error(), partition_, "record", std::string{id});
  }
  if (bytes.size() > member::record_bytes_max) {
    differs(id, "record", fmt::format("{} bytes, more than a record may have", bytes.size()));
  }
  record_alone(record);
  BesideSums beside;
  const std::size_t before = faults_.damaged();
  ledger(record, beside);
  orders(record, beside);
  reservations(record, beside);
  parked(record);
  timer(record);
  // What could not be read has been reported: no sum can be right without it.
  if (faults_.damaged() == before) sums(record, beside);
}

void PartitionAudit::record_alone(const member::Record& record) {
  const auto wrong = [&](std::string problem) { differs(record.id, "record", std::move(problem)); };
  if (checkpoint_ && record.as_of > checkpoint_->committed) {
    wrong(fmt::format("it is as of position {}, but only {} is committed", record.as_of,
                      checkpoint_->committed));
  }
  if (rules_.levels != 0 && record.level.level >= rules_.levels) {
    wrong(fmt::format("level {}, the program has {}", record.level.level, rules_.levels));
  }
  if (rules_.levels != 0 && record.level_base.level >= rules_.levels) {
    wrong(fmt::format("level {} of older days, the program has {}", record.level_base.level,
                      rules_.levels));
  }
  if (record.churn_bp > 10'000) wrong(fmt::format("churn of {} in 10000", record.churn_bp));
  if (!ascending(record.purchase_days)) wrong("its purchase days do not ascend");
  if (record.last_day >= 0 && record.first_day > record.last_day) {
    wrong("its first day comes after its last one");
  }
  const auto later = [](const member::DatedAmount& a, const member::DatedAmount& b) {
    return std::pair{a.of, a.from} >= std::pair{b.of, b.from};
  };
  if (std::adjacent_find(record.qualifying.begin(), record.qualifying.end(), later) !=
      record.qualifying.end()) {
    wrong("what qualifies for its level does not ascend by day");
  }
}

void PartitionAudit::ledger(const member::Record& record, BesideSums& sums) {
  seq_ = hash_ = 0;
  balance_ = after_ = 0;
  const std::size_t before = faults_.damaged();
  std::vector<member::LedgerEntry> entries;
  each_row(keys::ledger_table, record, [&](std::string_view key, std::string_view value) {
    ++chunks_;
    const std::string_view behind = keys::behind_member(key, record.id);
    if (behind.size() != 8) return differs(record.id, "ledger", "a key without a number");
    const std::string named = fmt::format("ledger entry {}", keys::read_big_endian(behind));
    if (auto read = decode_chunk(value, entries); !read) {
      return faults_.add(read.error(), partition_, named, record.id);
    }
    if (entries.empty() || entries.front().seq != keys::read_big_endian(behind)) {
      differs(record.id, named, "what lies under its key begins with another entry");
    }
    for (const member::LedgerEntry& one : entries) {
      entry(record, one);
      if (one.kind == EntryKind::earn) add(sums.earned, one.points);
      if (one.kind == EntryKind::redeem || one.kind == EntryKind::reserve ||
          one.kind == EntryKind::release) {
        add(sums.spent, -one.points);
      }
    }
  });
  if (faults_.damaged() != before) return;
  if (seq_ != record.ledger_seq) {
    differs(record.id, "ledger",
            fmt::format("it ends with entry {}, the record counts {}", seq_, record.ledger_seq));
  } else if (rules_.chain && hash_ != record.ledger_hash) {
    differs(record.id, "ledger", "its last hash is not the record's");
  }
  if (balance_ != record.balance) {
    differs(record.id, "balance",
            fmt::format("{}, but the entries add up to {}", record.balance, balance_));
  }
}

void PartitionAudit::entry(const member::Record& record, const member::LedgerEntry& entry) {
  ++seen_.entries;
  const auto wrong = [&](std::string problem) {
    differs(record.id, fmt::format("ledger entry {}", entry.seq), std::move(problem));
  };
  if (entry.seq != seq_ + 1) wrong(fmt::format("it follows entry {}", seq_));
  add(balance_, entry.points);
  add(after_, entry.points);
  if (entry.balance_after != after_) {
    wrong(fmt::format("it leaves a balance of {}, by the entry before it is {}",
                      entry.balance_after, after_));
  }
  if (entry.position >= record.as_of) {
    wrong(fmt::format("of position {}, but its member is as of {}", entry.position, record.as_of));
  }
  if (rules_.chain && rules_.chain(hash_, entry) != entry.hash) {
    wrong("its hash does not follow from the entry before and what it says");
  }
  seq_ = entry.seq;
  after_ = entry.balance_after;
  hash_ = entry.hash;
}

void PartitionAudit::orders(const member::Record& record, BesideSums& sums) {
  member::OrderGrant order;
  each_row(keys::order_table, record, [&](std::string_view key, std::string_view value) {
    ++orders_;
    ++sums.orders;
    ++seen_.rows;
    order = {};
    order.order_id = keys::behind_member(key, record.id);
    const std::string named = fmt::format("order {}", order.order_id);
    if (auto read = decode_order(value, order); !read) {
      return faults_.add(read.error(), partition_, named, record.id);
    }
    for (std::string& problem : faults_of(order)) differs(record.id, named, std::move(problem));
    add(sums.revenue_minor, order.total_minor);
    add(sums.refunded_minor, order.refunded_minor);
    add(sums.reversed, order.reversed);
  });
}

void PartitionAudit::reservations(const member::Record& record, BesideSums& sums) {
  if (record.rare->reservations == 0) return;  // Others would be strays.
  member::FoundRow row;
  row.key.kind = member::RowKind::reservation;
  each_row(keys::reservation_table, record, [&](std::string_view key, std::string_view value) {
    ++reservations_;
    ++sums.reservations;
    ++seen_.rows;
    const std::string named = fmt::format("reservation {}", keys::behind_member(key, record.id));
    if (auto read = decode_row(value, row); !read) {
      return faults_.add(read.error(), partition_, named, record.id);
    }
    add(sums.reserved, row.reserved);
  });
}

void PartitionAudit::parked(const member::Record& record) {
  std::vector<member::ParkedIndex> missing = record.rare->parked;
  if (missing.empty()) return;  // Others would be strays.
  member::FoundRow row;
  row.key.kind = member::RowKind::parked;
  each_row(keys::parked_table, record, [&](std::string_view key, std::string_view value) {
    ++parked_;
    ++seen_.rows;
    const std::string_view behind = keys::behind_member(key, record.id);
    const auto number = behind.empty() ? 0U : static_cast<unsigned char>(behind.front());
    const std::string named = fmt::format("parked refund {}", number);
    if (auto read = decode_row(value, row); !read) {
      return faults_.add(read.error(), partition_, named, record.id);
    }
    const auto at = std::find_if(missing.begin(), missing.end(),
                                 [&](const auto& one) { return one.number == number; });
    if (at == missing.end()) return differs(record.id, named, "its member does not know of it");
    if (at->order_hash != hash64(row.parked.order_id)) {
      differs(record.id, named, "it is of another order than its member says");
    }
    missing.erase(at);
  });
  for (const member::ParkedIndex& one : missing) {
    differs(record.id, fmt::format("parked refund {}", one.number), "its row is missing");
  }
}

void PartitionAudit::sums(const member::Record& record, const BesideSums& sums) {
  const auto same = [&](std::string_view what, std::int64_t stated, std::int64_t found,
                        std::string_view of) {
    if (stated == found) return;
    differs(record.id, std::string{what},
            fmt::format("{}, but the {} add up to {}", stated, of, found));
  };
  const auto number = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
  same("purchases", record.purchases, number(sums.orders), "orders");
  same("revenue", record.revenue_minor, sums.revenue_minor, "orders");
  same("refunded", record.refunded_minor, sums.refunded_minor, "orders");
  same("lifetime points", record.lifetime_points, sums.earned - sums.reversed,
       "entries less what the orders reversed");
  same("open reservations", record.rare->reservations, number(sums.reservations), "rows");
  same("reserved", record.reserved, sums.reserved, "reservations");
  same("reserved and redeemed", record.reserved + record.redeemed_points, sums.spent, "entries");
}

}  // namespace fealty::state
