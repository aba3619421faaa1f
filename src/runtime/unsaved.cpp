#include "fealty/runtime/unsaved.hpp"

#include "fealty/base/hash.hpp"

namespace fealty::runtime {
namespace {

constexpr std::size_t recent_orders_max = std::size_t{16} * 1024;  // a power of two
constexpr std::size_t uncounted_max = std::size_t{64} << 10U;

}  // namespace

Unsaved::Unsaved(ports::MemberStore& store, MemberCache& cache)
    : store_{store}, cache_{cache}, recent_orders_(recent_orders_max) {}

Unsaved::~Unsaved() { cache_.hold(counted_, 0); }

void Unsaved::add(CachedMember& member, const member::LedgerEntry& entry) {
  encoded_.clear();
  store_.encode(entry, encoded_);
  member.unsaved_entries = log_.append(encoded_, member.unsaved_entries, 0);
  if (log_.bytes() - counted_ > uncounted_max) count();
}

void Unsaved::add(CachedMember& member, const member::OrderGrant& order) {
  encoded_.clear();
  store_.encode(order, encoded_);
  member.unsaved_orders = log_.append(encoded_, member.unsaved_orders, order.key);
  recent_orders_[place_of(member, order.key)] = {mix(order.key, member.key), member.unsaved_orders};
  if (log_.bytes() - counted_ > uncounted_max) count();
}

/// Where an order's newest state is noted. Most refunds follow soon; whose note was overwritten is
/// found the long way.
std::size_t Unsaved::place_of(const CachedMember& member, std::uint64_t key) const {
  return mix(key, member.key) & (recent_orders_.size() - 1);
}

bool Unsaved::find_order(const CachedMember& member, HistoryLog::Position saving, std::uint64_t key,
                         member::OrderGrant& out) const {
  const RecentOrder& recent = recent_orders_[place_of(member, key)];
  if (recent.key == mix(key, member.key) && log_.holds(recent.at)) {
    store_.decode(log_.at(recent.at).bytes, out);
    return true;
  }
  return find_in_chain(member.unsaved_orders, key, out) || find_in_chain(saving, key, out);
}

bool Unsaved::find_in_chain(HistoryLog::Position newest, std::uint64_t key,
                            member::OrderGrant& out) const {
  for (auto at = newest; at != HistoryLog::none;) {
    const HistoryLog::Item item = log_.at(at);
    if (item.tag == key) {
      store_.decode(item.bytes, out);
      return true;
    }
    at = item.previous;
  }
  return false;
}

void Unsaved::gather(std::span<const Slot> slots, Gathered& out) {
  if (out.chains_.size() < 2 * slots.size()) out.chains_.resize(2 * slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const CachedMember& member = cache_.member(slots[i]);
    out.chains_[2 * i].next = member.unsaved_entries;
    out.chains_[2 * i + 1].next = member.unsaved_orders;
    out.chains_[2 * i].items.clear();
    out.chains_[2 * i + 1].items.clear();
  }
  log_.follow(std::span{out.chains_}.first(2 * slots.size()), gathered_);
}

std::span<const std::string_view> Unsaved::Gathered::of(std::size_t i) {
  const auto& entries = chains_[2 * i].items;
  const auto& orders = chains_[2 * i + 1].items;
  items_.assign(entries.rbegin(), entries.rend());
  items_.insert(items_.end(), orders.rbegin(), orders.rend());
  return items_;
}

void Unsaved::release_gathered() {
  log_.release(gathered_);
  gathered_.clear();
  count();
}

void Unsaved::count() {
  cache_.hold(counted_, log_.bytes());
  counted_ = log_.bytes();
}

}  // namespace fealty::runtime
