#include "fealty/runtime/row_lookup.hpp"

#include <memory>

#include "fealty/base/hash.hpp"
#include "fealty/program/apply.hpp"
#include "fealty/runtime/seed.hpp"

namespace fealty::runtime {
namespace {

/// The part of the cache that one member's keys may take.
constexpr std::size_t left_share = 16;

}  // namespace

RowLookup::RowLookup(ports::MemberStore& store, const Unsaved& unsaved, MemberCache& cache)
    : store_{store},
      unsaved_{unsaved},
      cache_{cache},
      seed_{random_seed()},
      left_bytes_max_{cache.bytes_max() / left_share} {}

Result<const member::Rows*> RowLookup::find(const event::Event& event, Slot slot,
                                            HistoryLog::Position saving) {
  const member::Record& record = cache_.member(slot).record;
  left_before_ = record.deliveries.left();
  program::rows_needed(record, event, rows_);
  if (rows_.empty()) return &rows_;
  stored_.clear();
  for (member::FoundRow& row : rows_.all()) {
    const auto here = find_in_memory(slot, saving, row);
    if (!here) return here.error();
    if (!*here) stored_.push_back(&row);
  }
  // Never saved: the store has no rows of it.
  if (stored_.empty() || record.as_of == 0) return &rows_;
  if (auto read = store_.find_rows(record.id, stored_); !read) return read.error();
  return &rows_;
}

/// False where the store must be asked.
Result<bool> RowLookup::find_in_memory(Slot slot, HistoryLog::Position saving,
                                       member::FoundRow& row) {
  name_.clear();
  store_.encode(row.key, name_);
  const LeftKeys* const left = cache_.member(slot).left_keys.get();
  if (row.left_only && left != nullptr && left->complete(left_before_) &&
      !left->may_hold(hash_of_name())) {
    return true;
  }
  const auto value = unsaved_.find(slot, saving, name_);
  if (!value) return false;
  if (value->empty()) return true;
  if (auto read = store_.decode(*value, row); !read) return read.error();
  return true;
}

void RowLookup::note_left(CachedMember& member, const member::Effects& effects) {
  const std::uint64_t left = member.record.deliveries.left();
  if (left == left_before_) return;
  if (left_before_ == 0) member.left_keys = std::make_unique<LeftKeys>();
  if (member.left_keys == nullptr || !member.left_keys->complete(left_before_)) return;
  for (const member::RowChange& change : effects.rows) {
    if (!change.of_window) continue;
    name_.clear();
    store_.encode(change.key, name_);
    member.left_keys->add(hash_of_name());
  }
  member.left_keys->set_left(left);
  if (member.left_keys->heap_bytes() > left_bytes_max_) member.left_keys.reset();
}

std::uint32_t RowLookup::hash_of_name() const {
  return static_cast<std::uint32_t>(hash64(name_, seed_));
}

}  // namespace fealty::runtime
