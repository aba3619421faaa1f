#include "posting.hpp"

#include <array>
#include <cstring>

#include "exact.hpp"
#include "fealty/base/check.hpp"
#include "fealty/base/hash.hpp"
#include "fealty/program/ledger.hpp"

namespace fealty::program {

std::uint64_t chain_hash(std::uint64_t previous, const member::LedgerEntry& entry) {
  // Fixed width, little-endian as every supported machine is.
  const std::array<std::uint64_t, 6> numbers{
      entry.seq,
      static_cast<std::uint64_t>(entry.kind),
      static_cast<std::uint64_t>(entry.points),
      static_cast<std::uint64_t>(entry.balance_after),
      static_cast<std::uint64_t>(entry.time.time_since_epoch().count()),
      entry.rule_version};
  std::array<char, sizeof numbers> bytes{};
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  std::uint64_t hash = hash64({bytes.data(), bytes.size()}, previous);
  hash = hash64(entry.cause, hash);
  hash = hash64(entry.cause_source, hash);
  hash = hash64(member::name(entry.cause_type), hash);
  hash = hash64(entry.rule, hash);
  hash = hash64(entry.order_id, hash);
  return hash64(entry.explanation, hash);
}

member::LedgerEntry& post(Change& change, member::EntryKind kind, std::int64_t points,
                          std::string_view rule, std::string_view order_id,
                          std::string_view explanation) {
  member::Record& record = change.record;
  record.balance += points;
  check(record.balance <= balance_max && record.balance >= -balance_max, "refused before");
  member::LedgerEntry& entry = change.effects.entries.emplace_back();
  entry.seq = ++record.ledger_seq;
  entry.kind = kind;
  entry.points = points;
  entry.balance_after = record.balance;
  entry.time = change.time;
  entry.position = change.position;
  entry.cause = change.cause;
  entry.cause_source = change.cause_source;
  entry.cause_type = change.cause_type;
  entry.rule = rule;
  entry.rule_version = change.program.version;
  entry.order_id = order_id;
  entry.explanation = explanation;
  entry.hash = chain_hash(record.ledger_hash, entry);
  record.ledger_hash = entry.hash;
  return entry;
}

member::Notice& notice(Change& change, member::NoticeType type, std::string_view rule) {
  std::uint32_t ordinal = 0;
  auto& notices = change.effects.notices;
  for (std::size_t i = change.first_notice; i < notices.size(); ++i) {
    const member::Notice& before = notices[i];
    if (before.type == type && before.cause == change.cause &&
        before.cause_source == change.cause_source && before.cause_type == change.cause_type) {
      ++ordinal;
    }
  }
  member::Notice& out = notices.emplace_back();
  out.type = type;
  out.time = change.time;
  out.cause = change.cause;
  out.cause_source = change.cause_source;
  out.cause_type = change.cause_type;
  out.rule = rule;
  out.rule_version = change.program.version;
  out.ordinal = ordinal;
  return out;
}

void points_notice(Change& change, member::NoticeType type, std::string_view rule,
                   std::int64_t before, std::int64_t points, std::string_view explanation) {
  const std::int64_t after = change.record.balance;
  member::Notice& out = notice(change, type, rule);
  out.before = before;
  out.after = after;
  out.details = {{"points", points}};
  out.explanation = explanation;
  if (before < 0 || after >= 0) return;
  member::Notice& negative = notice(change, member::NoticeType::balance_negative, rule);
  negative.before = before;
  negative.after = after;
  negative.explanation = "the balance fell below zero";
}

}  // namespace fealty::program
