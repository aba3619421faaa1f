// The second half of PartitionAudit: what lies beside the members, seen from its own side.
#include "src/audit_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fealty/state/record_codec.hpp"
#include "src/row_codec.hpp"

namespace fealty::state {

std::vector<std::string> faults_of(const member::OrderGrant& order) {
  std::vector<std::string> out;
  if (order.reversed < 0 || order.reversed > order.granted) {
    out.push_back(fmt::format("{} points reversed of {} granted", order.reversed, order.granted));
  }
  if (order.refunded_minor < 0 || order.refunded_minor > order.total_minor) {
    out.push_back(fmt::format("{} refunded of {}", order.refunded_minor, order.total_minor));
  }
  for (const member::OrderLine& line : order.lines) {
    if (line.refunded_minor >= 0 && line.refunded_minor <= line.amount_minor) continue;
    out.push_back(fmt::format("{} refunded of {} on line '{}'", line.refunded_minor,
                              line.amount_minor, line.line));
  }
  return out;
}

void PartitionAudit::timer(const member::Record& record) {
  if (record.due() == no_day) return;  // One that is there none the less would be a stray.
  ++due_;
  std::string key;
  keys::append_timer(record.due(), record.id, key);
  const auto found = map_.get(key);
  if (!found) return faults_.add(found.error(), partition_, "timer", record.id);
  if (!found->has_value()) {
    --due_;
    differs(record.id, "timer", "due on " + to_iso_date(record.due()) + ", but not in the index");
  }
}

void PartitionAudit::strays(char table, std::uint64_t expected) {
  std::uint64_t count = 0;
  const auto scanned =
      map_.scan(std::string_view{&table, 1}, std::string(1, static_cast<char>(table + 1)),
                [&](std::string_view, std::string_view) -> Result<bool> {
                  ++count;
                  return true;
                });
  if (!scanned) return faults_.add(scanned.error(), partition_, std::string{table_name(table)});
  if (table == keys::timer_table) seen_.timers = count;
  // Each that a member accounts for has been counted once: only if there are more, some are not.
  if (count <= expected) return;
  each_key(table, [&](std::string_view key, std::string_view) { stray(table, key); });
}

/// Says so where the member of `key` does not account for it.
void PartitionAudit::stray(char table, std::string_view key) {
  const bool timer = table == keys::timer_table;
  const std::string_view id =
      timer ? key.substr(std::min(key.size(), keys::timer_head)) : keys::member_of_row(key);
  const std::string named = timer ? "timer" : std::string{table_name(table)};
  if (id.empty()) return differs({}, named, "a key that names no member");
  std::string member_key;
  keys::append_member(id, member_key);
  const auto bytes = map_.get(member_key);
  if (!bytes) return faults_.add(bytes.error(), partition_, named, std::string{id});
  if (!bytes->has_value()) return differs(id, named, "there is no such member");
  member::Record record;
  if (!decode_record(id, **bytes, record)) return;  // That is a fault already.
  const std::string_view behind = timer ? std::string_view{} : keys::behind_member(key, id);
  if (timer && record.due() != keys::timer_day(key)) {
    differs(id, named,
            "on " + to_iso_date(keys::timer_day(key)) + ", a day on which its member is not due");
  }
  if (table == keys::reservation_table && record.rare->reservations == 0) {
    differs(id, fmt::format("reservation {}", behind), "its member has none");
  }
  if (table == keys::parked_table && record.rare->parked.empty()) {
    differs(id, named, "its member has none");
  }
}

/// Which of them there should be only its events could tell.
void PartitionAudit::deliveries() {
  member::FoundRow row;
  row.key.kind = member::RowKind::delivery;
  std::string last;
  each_key(keys::delivery_table, [&](std::string_view key, std::string_view value) {
    ++seen_.rows;
    const std::string_view id = keys::member_of_row(key);
    if (auto read = decode_row(value, row); !read) {
      faults_.add(read.error(), partition_, "delivery", std::string{id});
    }
    if (id == last && !id.empty()) return;
    last.assign(id);
    stray(keys::delivery_table, key);
  });
}

void PartitionAudit::unknown_tables() {
  std::array<char, table_letters.size()> known = table_letters;
  std::sort(known.begin(), known.end());
  std::string from{'\0'};
  for (std::size_t i = 0; i <= known.size(); ++i) {
    const std::string end = i < known.size() ? std::string(1, known[i]) : std::string{"\xff"};
    std::uint64_t count = 0;
    const auto scanned =
        from >= end ? Result<void>{}
                    : map_.scan(from, end, [&](std::string_view, std::string_view) -> Result<bool> {
                        ++count;
                        return true;
                      });
    if (!scanned) faults_.add(scanned.error(), partition_, "keys of no table");
    if (count > 0) differs({}, "keys of no table", fmt::format("{} of them", count));
    if (i < known.size()) from.assign(1, static_cast<char>(known[i] + 1));
  }
}

}  // namespace fealty::state
