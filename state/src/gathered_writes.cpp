#include "src/gathered_writes.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "fealty/base/check.hpp"
#include "fealty/state/seed.hpp"

namespace fealty::state {
namespace {

constexpr std::size_t places_min = 1024;
constexpr std::size_t piece_writes = 1024;

std::uint32_t hash_of(std::string_view key) {
  return static_cast<std::uint32_t>(hash64(key, process_seed()));
}

}  // namespace

std::optional<Write> GatheredWrites::Look::find(std::string_view key) const {
  if (writes_.keys_ == 0) return {};
  const Entry* const entry = writes_.places_[writes_.place_of(hash_of(key), key)];
  if (entry == nullptr) return {};
  return entry->write();
}

bool GatheredWrites::Look::between(std::string_view first, std::string_view end) const {
  const auto& entries = writes_.entries_;
  const auto at = [&](std::size_t i) { return entries.begin() + static_cast<std::ptrdiff_t>(i); };
  for (std::size_t i = 0; i < writes_.commits_.size(); ++i) {
    const bool last = i + 1 == writes_.commits_.size();
    const auto stop = last ? entries.end() : at(writes_.commits_[i + 1]);
    const auto found = std::lower_bound(
        at(writes_.commits_[i]), stop, first,
        [](const Entry* entry, std::string_view key) { return entry->key() < key; });
    if (found != stop && (*found)->key() < end) return true;
  }
  return false;
}

std::size_t GatheredWrites::memory() const {
  const std::lock_guard lock{mutex_};
  return bytes_of_all_.bytes_held() + sizeof(Entry*) * (entries_.capacity() + places_.capacity() +
                                                        merged_.capacity() + merging_.capacity());
}

void GatheredWrites::begin_commit() {
  const std::lock_guard lock{mutex_};
  commits_.push_back(entries_.size());
}

void GatheredWrites::add(std::string_view prefix, std::span<const Write> changes) {
  check(!commits_.empty(), "changes belong to a commit");
  const std::lock_guard lock{mutex_};
  for (const Write& change : changes) {
    if (2 * (keys_ + 1) > places_.size()) grow();
    const Entry* const entry = keep(prefix, change);
    entries_.push_back(entry);
    const Entry*& place = places_[place_of(entry->hash, entry->key())];
    if (place == nullptr) ++keys_;
    place = entry;
  }
  changes_.store(entries_.size(), std::memory_order_release);
}

const GatheredWrites::Entry* GatheredWrites::keep(std::string_view prefix, const Write& change) {
  const std::size_t key_size = prefix.size() + change.key.size();
  char* const at = bytes_of_all_.allocate(sizeof(Entry) + key_size + change.value.size());
  char* const key = at + sizeof(Entry);
  std::memcpy(key, prefix.data(), prefix.size());
  std::memcpy(key + prefix.size(), change.key.data(), change.key.size());
  if (!change.value.empty()) {
    std::memcpy(key + key_size, change.value.data(), change.value.size());
  }
  bytes_ += key_size + change.value.size();
  return std::construct_at(reinterpret_cast<Entry*>(at),
                           Entry{.hash = hash_of({key, key_size}),
                                 .key_size = static_cast<std::uint32_t>(key_size),
                                 .value_size = static_cast<std::uint32_t>(change.value.size()),
                                 .erase = change.erase ? 1U : 0U});
}

/// Where the key is, or would be.
std::size_t GatheredWrites::place_of(std::uint32_t hash, std::string_view key) const {
  const std::size_t mask = places_.size() - 1;
  std::size_t at = hash & mask;
  while (places_[at] != nullptr && !(places_[at]->hash == hash && places_[at]->key() == key)) {
    at = (at + 1) & mask;
  }
  return at;
}

void GatheredWrites::grow() {
  std::vector<const Entry*> old(std::max(2 * places_.size(), places_min), nullptr);
  places_.swap(old);
  const std::size_t mask = places_.size() - 1;
  for (const Entry* const entry : old) {
    if (entry == nullptr) continue;
    std::size_t at = entry->hash & mask;
    while (places_[at] != nullptr) at = (at + 1) & mask;
    places_[at] = entry;
  }
}

/// Neighbours by twos, until there is one: of equal keys the older stays before the newer.
void GatheredWrites::merge() {
  merged_ = entries_;
  ends_.assign(commits_.begin() + 1, commits_.end());
  ends_.push_back(entries_.size());
  while (ends_.size() > 1) {
    merging_.resize(merged_.size());
    std::size_t begin = 0, kept = 0;
    for (std::size_t i = 0; i < ends_.size(); i += 2) {
      const std::size_t middle = ends_[i], end = ends_[std::min(i + 1, ends_.size() - 1)];
      const Entry* const* const from = merged_.data();
      std::merge(from + begin, from + middle, from + middle, from + end, merging_.data() + begin,
                 [](const Entry* a, const Entry* b) { return a->key() < b->key(); });
      ends_[kept++] = begin = end;
    }
    ends_.resize(kept);
    merged_.swap(merging_);
  }
}

/// Fills the piece from place `at` on; the place behind it.
std::size_t GatheredWrites::next_piece(std::size_t at) {
  piece_.clear();
  for (; at < merged_.size() && piece_.size() < piece_writes; ++at) {
    const Entry& entry = *merged_[at];
    const bool last = at + 1 == merged_.size() || merged_[at + 1]->key() != entry.key();
    if (last) piece_.push_back(entry.write());
  }
  return at;
}

void GatheredWrites::clear() {
  const std::lock_guard lock{mutex_};
  bytes_of_all_.reset();
  entries_.clear();
  commits_.clear();
  std::fill(places_.begin(), places_.end(), nullptr);
  keys_ = bytes_ = 0;
  changes_.store(0, std::memory_order_release);
}

}  // namespace fealty::state
