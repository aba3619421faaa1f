#include "fealty/state/changelog_audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "fealty/state/inspection.hpp"
#include "fealty/state/record_codec.hpp"
#include "fealty/state/rocks_stores.hpp"
#include "src/directory.hpp"
#include "src/keys.hpp"
#include "src/pack_codec.hpp"
#include "src/partition_store.hpp"
#include "src/prefixed_map.hpp"
#include "src/rocks_open.hpp"

namespace fealty::state {
namespace {

/// Beside the partition of what was restored: the keys of which there is a later record.
constexpr std::uint32_t later_partition = 0x80000000U;

/// Reads the keys of a table page by page, so that two maps can be read side by side.
class Pages {
 public:
  Pages(KeyValue& map, char table)
      : map_{map}, next_(1, table), end_(1, static_cast<char>(table + 1)) {}
  /// The pair at hand; nullptr behind the last one.
  Result<const std::pair<std::string, std::string>*> peek() {
    if (at_ == page_.size() && !ended_) {
      if (auto read = read_page(); !read) return read.error();
    }
    return at_ < page_.size() ? &page_[at_] : nullptr;
  }
  void advance() { ++at_; }

 private:
  Result<void> read_page() {
    constexpr std::size_t page_bytes = std::size_t{1} << 20U;
    page_.clear();
    at_ = 0;
    std::size_t bytes = 0;
    auto scanned =
        map_.scan(next_, end_, [&](std::string_view key, std::string_view value) -> Result<bool> {
          page_.emplace_back(key, value);
          bytes += key.size() + value.size();
          return bytes < page_bytes;
        });
    ended_ = page_.empty();
    if (!ended_) next_ = page_.back().first + '\0';
    return scanned;
  }
  KeyValue& map_;
  std::string next_;
  const std::string end_;
  std::vector<std::pair<std::string, std::string>> page_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

std::string describe_row(std::string_view key, std::string_view member) {
  const std::string_view behind = keys::behind_member(key, member);
  switch (key.front()) {
    case keys::ledger_table:
      return fmt::format("ledger entry {}", keys::read_big_endian(behind));
    case keys::order_table:
      return fmt::format("order {}", behind);
    case keys::reservation_table:
      return fmt::format("reservation {}", behind);
    default:
      return std::string{table_name(key.front())};
  }
}

/// What of two versions of a record can be put into words.
std::string difference(std::string_view id, std::string_view stored, std::string_view logged) {
  member::Record a, b;
  if (!decode_record(id, stored, a) || !decode_record(id, logged, b)) return "other bytes";
  const auto pair = [](std::string_view what, auto store, auto log) {
    return store == log ? std::string{} : fmt::format(", {} {} against {}", what, store, log);
  };
  return "other bytes" + pair("as of", a.as_of, b.as_of) + pair("balance", a.balance, b.balance) +
         pair("ledger entries", a.ledger_seq, b.ledger_seq) +
         pair("level", a.level.level, b.level.level) + pair("purchases", a.purchases, b.purchases);
}

}  // namespace

struct ChangelogAudit::Current {
  Current(KeyValue& map, std::uint32_t number, std::uint64_t at, Faults& found)
      : partition{number},
        position{at},
        faults{found},
        store{map, number, nullptr},
        restored{map, partition_prefix(number)},
        later{map, partition_prefix(number | later_partition)} {}
  const std::uint32_t partition;
  const std::uint64_t position;
  Faults& faults;
  PartitionStore store;
  PrefixedMap restored, later;

  Result<std::uint64_t> compare(KeyValue& stored, char table);
  Result<void> differs(std::string_view key, const std::string* stored, const std::string* logged);
};

ChangelogAudit::ChangelogAudit(std::unique_ptr<RocksOpened> scratch)
    : scratch_{std::move(scratch)} {}
ChangelogAudit::~ChangelogAudit() = default;

Result<std::unique_ptr<ChangelogAudit>> ChangelogAudit::open(const std::string& scratch) {
  if (auto prepared = prepare_directory(scratch, true); !prepared) return prepared.error();
  RocksOptions options;
  options.block_cache_bytes = std::size_t{32} << 20U;
  options.write_buffer_bytes = std::size_t{32} << 20U;
  options.write_ahead_log = false;
  auto opened = open_rocks(scratch, options, Access::read_write, keys::partition_bytes + 1);
  if (!opened) return opened.error();
  auto rocks = std::make_unique<RocksOpened>(std::move(*opened));
  return std::unique_ptr<ChangelogAudit>{new ChangelogAudit{std::move(rocks)}};
}

void ChangelogAudit::begin(std::uint32_t partition, std::uint64_t position, Faults& faults) {
  current_ = std::make_unique<Current>(*scratch_->map, partition, position, faults);
}

Result<void> ChangelogAudit::take(std::string_view key, std::string_view value,
                                  std::uint64_t position) {
  auto taken = position > current_->position ? take_later(key, value)
                                             : current_->store.restore(key, value, position);
  if (taken || taken.error().field == "state") return taken;
  Fault fault{.kind = Fault::Kind::damaged, .partition = current_->partition};
  fault.key = fmt::format("changelog record before position {}", position);
  fault.problem = taken.error().detail;
  current_->faults.add(std::move(fault));
  return {};
}

/// Only that there is one.
Result<void> ChangelogAudit::take_later(std::string_view key, std::string_view value) {
  if (key.empty()) return {};
  std::string own_key{key};
  const auto note = [&]() -> Result<void> {
    const Write write{.key = own_key, .value = "+"};
    return current_->later.write({&write, 1});
  };
  if (key.front() != keys::pack_table) return note();
  const std::string_view member = keys::member_of_pack(key);
  if (member.empty() || value.empty()) return {};
  return decode_pack(value, [&](const PackedRow& row) -> Result<void> {
    own_key.clear();
    keys::append_row(member, row.key, own_key);
    return note();
  });
}

Result<std::uint64_t> ChangelogAudit::finish(Inspection& inspection) {
  if (auto kept = current_->store.restored(current_->position); !kept) return kept.error();
  PrefixedMap stored{*inspection.rocks_->map, partition_prefix(current_->partition)};
  std::uint64_t same = 0;
  for (const char table : table_letters) {
    if (table == keys::position_table) continue;  // Not in the changelog, but its position.
    const auto compared = current_->compare(stored, table);
    if (!compared) return compared;
    same += *compared;
  }
  current_.reset();
  return same;
}

/// Both ascend: what is smaller is on its own.
Result<std::uint64_t> ChangelogAudit::Current::compare(KeyValue& stored, char table) {
  Pages ours{stored, table}, theirs{restored, table};
  std::uint64_t same = 0;
  while (true) {
    const auto a = ours.peek();
    if (!a) {
      faults.add(a.error(), partition, std::string{table_name(table)});
      return same;
    }
    const auto b = theirs.peek();
    if (!b) return b.error();
    if (*a == nullptr && *b == nullptr) return same;
    const int order = *a == nullptr ? 1 : *b == nullptr ? -1 : (*a)->first.compare((*b)->first);
    Result<void> told;
    if (order < 0) {
      told = differs((*a)->first, &(*a)->second, nullptr);
    } else if (order > 0) {
      told = differs((*b)->first, nullptr, &(*b)->second);
    } else if ((*a)->second != (*b)->second) {
      told = differs((*a)->first, &(*a)->second, &(*b)->second);
    } else {
      ++same;
    }
    if (!told) return told.error();
    if (order <= 0) ours.advance();
    if (order >= 0) theirs.advance();
  }
}

Result<void> ChangelogAudit::Current::differs(std::string_view key, const std::string* stored,
                                              const std::string* logged) {
  const char table = key.front();
  const bool timer = table == keys::timer_table;
  Fault fault{.partition = partition};
  if (table == keys::member_table) fault.member = key.substr(1);
  if (timer) fault.member = key.substr(std::min(key.size(), keys::timer_head));
  const bool row = keys::is_row_table(table) || table == keys::ledger_table;
  if (row) fault.member = keys::member_of_row(key);
  std::string concerned{key};  // A timer changes with its member.
  if (timer) concerned = std::string{keys::member_table} + fault.member;
  const auto changed = later.get(concerned);
  if (!changed) return changed.error();
  if (changed->has_value()) return {};
  fault.key = row && !fault.member.empty() ? describe_row(key, fault.member)
                                           : std::string{table_name(table)};
  if (stored == nullptr) {
    fault.problem = "in the changelog, not in the store";
  } else if (logged == nullptr) {
    fault.problem = "in the store, not in the changelog";
  } else {
    fault.problem = "store and changelog differ: ";
    fault.problem += table == keys::member_table ? difference(fault.member, *stored, *logged)
                                                 : std::string{"other bytes"};
  }
  faults.add(std::move(fault));
  return {};
}

}  // namespace fealty::state
