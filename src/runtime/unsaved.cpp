#include "fealty/runtime/unsaved.hpp"

#include <algorithm>
#include <bitset>
#include <cstring>

namespace fealty::runtime {
namespace {

constexpr std::size_t uncounted_max = std::size_t{64} << 10U;
/// So many changes are followed one by one; a member that has more at a time is indexed from then
/// on.
constexpr std::uint32_t followed_max = 32;

/// A few bits of a row's name: names that differ in them need not be compared.
std::size_t mark(std::string_view name) {
  std::uint64_t tail = name.size();
  if (name.size() >= 8) {
    std::uint64_t last = 0;
    std::memcpy(&last, name.data() + name.size() - 8, 8);
    tail ^= last;
  } else {
    for (const char c : name) tail = tail << 8U | static_cast<unsigned char>(c);
  }
  return (tail * 0x9e3779b97f4a7c15ULL) >> 56U;
}

}  // namespace

Unsaved::Unsaved(ports::MemberStore& store, MemberCache& cache, HistoryLog& log)
    : store_{store}, cache_{cache}, log_{log}, index_{log_} {}

Unsaved::~Unsaved() { cache_.hold(counted_, 0); }

/// Names a member as long as it has anything here: until then its slot is nobody else's.
std::uint64_t Unsaved::tag_of(Slot slot) const {
  return std::uint64_t{cache_.member(slot).generation} << 32U | slot;
}

void Unsaved::add(CachedMember& member, const member::LedgerEntry& entry) {
  encoded_.clear();
  store_.encode(entry, encoded_);
  member.unsaved_entries = log_.append(encoded_, member.unsaved_entries, 0);
}

void Unsaved::add(Slot slot, HistoryLog::Position saving, const member::RowChange& change,
                  const member::Effects& effects) {
  encoded_.clear();
  store_.encode(change, effects, encoded_);
  CachedMember& member = cache_.member(slot);
  const std::uint64_t tag = tag_of(slot);
  member.unsaved_rows = log_.append(encoded_, member.unsaved_rows, tag);
  if (member.rows_indexed != 0) {
    put_in_index(tag, member.unsaved_rows);
  } else if (++member.rows_followed > followed_max) {
    index(slot, saving);
  }
  if (index_.heap_bytes() > counted_ + uncounted_max) count();
}

/// All that the member has here so far, oldest first.
void Unsaved::index(Slot slot, HistoryLog::Position saving) {
  CachedMember& member = cache_.member(slot);
  member.rows_indexed = 1;
  std::vector<HistoryLog::Position> newest_first;
  for (const HistoryLog::Position newest : {member.unsaved_rows, saving}) {
    for (auto at = newest; at != HistoryLog::none; at = log_.at(at).previous) {
      newest_first.push_back(at);
    }
  }
  for (auto at = newest_first.rbegin(); at != newest_first.rend(); ++at) {
    put_in_index(tag_of(slot), *at);
  }
}

void Unsaved::put_in_index(std::uint64_t tag, HistoryLog::Position at) {
  index_.put(tag, ports::row_name(log_.at(at).bytes), at);
}

std::optional<std::string_view> Unsaved::find(Slot slot, HistoryLog::Position saving,
                                              std::string_view name) const {
  const CachedMember& member = cache_.member(slot);
  HistoryLog::Position at = HistoryLog::none;
  if (member.rows_indexed != 0) {
    at = index_.find(tag_of(slot), name);
  } else {
    at = find_in_chain(member.unsaved_rows, name);
    if (at == HistoryLog::none) at = find_in_chain(saving, name);
  }
  if (at == HistoryLog::none) return std::nullopt;
  return log_.at(at).bytes.substr(name.size());
}

HistoryLog::Position Unsaved::find_in_chain(HistoryLog::Position newest,
                                            std::string_view name) const {
  for (auto at = newest; at != HistoryLog::none;) {
    const HistoryLog::Item item = log_.at(at);
    if (item.bytes.starts_with(name)) return at;
    at = item.previous;
  }
  return HistoryLog::none;
}

void Unsaved::visit_entries(HistoryLog::Position newest,
                            const std::function<bool(std::string_view)>& visit) const {
  for (auto at = newest; at != HistoryLog::none;) {
    const HistoryLog::Item item = log_.at(at);
    if (!visit(item.bytes)) return;
    at = item.previous;
  }
}

void Unsaved::gather(std::span<const Slot> slots, Gathered& out) {
  index_.settle();
  if (out.chains_.size() < 2 * slots.size()) out.chains_.resize(2 * slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const CachedMember& member = cache_.member(slots[i]);
    out.chains_[2 * i].next = member.unsaved_entries;
    out.chains_[2 * i + 1].next = member.unsaved_rows;
    out.chains_[2 * i].items.clear();
    out.chains_[2 * i + 1].items.clear();
  }
  log_.follow(std::span{out.chains_}.first(2 * slots.size()), gathered_);
}

std::span<const std::string_view> Unsaved::Gathered::entries(std::size_t i) {
  const auto& newest_first = chains_[2 * i].items;
  entries_.assign(newest_first.rbegin(), newest_first.rend());
  return entries_;
}

std::span<const std::string_view> Unsaved::Gathered::rows(std::size_t i) {
  const auto& newest_first = chains_[2 * i + 1].items;
  if (newest_first.size() > followed_max) {  // Of an index: it has superseded the others.
    rows_.assign(newest_first.rbegin(), newest_first.rend());
    return rows_;
  }
  rows_.clear();
  std::bitset<256> marks;
  for (const std::string_view change : newest_first) {
    const std::string_view name = ports::row_name(change);
    const auto same = [&](std::string_view kept) { return kept.starts_with(name); };
    const std::size_t bit = mark(name);
    if (marks[bit] && std::any_of(rows_.begin(), rows_.end(), same)) continue;
    marks.set(bit);
    rows_.push_back(change);
  }
  std::reverse(rows_.begin(), rows_.end());
  return rows_;
}

void Unsaved::release_gathered() {
  log_.release(gathered_);
  gathered_.clear();
  count();
}

void Unsaved::count() {
  cache_.hold(counted_, index_.heap_bytes());
  counted_ = index_.heap_bytes();
}

}  // namespace fealty::runtime
