#include "fealty/runtime/member_cache.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "fealty/base/check.hpp"

namespace fealty::runtime {
namespace {

constexpr std::uint32_t generation_max = (1U << 30U) - 1;
constexpr std::size_t index_size_initial = 1024;

std::uint32_t tag_of(std::uint64_t key) { return static_cast<std::uint32_t>(key >> 32U); }

/// What the allocator takes for so many bytes: its own mark, and up to the next 16.
std::size_t allocated(std::size_t bytes) {
  return bytes == 0 ? 0 : (bytes + 8 + 15) & ~std::size_t{15};
}

std::size_t text_bytes(const std::string& text) {
  return allocated(text.capacity() > 15 ? text.capacity() + 1 : 0);
}

template <class T, std::size_t inline_max>
std::size_t vector_bytes(const SmallVector<T, inline_max>& vector) {
  return allocated(vector.capacity() > inline_max ? vector.capacity() * sizeof(T) : 0);
}

std::size_t rare_bytes(const member::Rare& rare) {
  return allocated(sizeof(member::Rare)) + text_bytes(rare.time_zone) +
         text_bytes(rare.attributes) +
         allocated(rare.parked.capacity() * sizeof(member::ParkedIndex));
}

std::size_t heap_bytes(const member::Record& record) {
  return text_bytes(record.id) + vector_bytes(record.qualifying) +
         vector_bytes(record.purchase_days) + allocated(record.deliveries.heap_bytes()) +
         (record.rare.held() ? rare_bytes(*record.rare) : 0) +
         (record.announced.held() ? allocated(sizeof(member::Announced)) : 0);
}

std::size_t left_bytes(const LeftKeys* left) {
  return left == nullptr ? 0 : allocated(sizeof(LeftKeys)) + allocated(left->heap_bytes());
}

}  // namespace

MemberCache::Slab MemberCache::make_slab() {
  constexpr std::size_t count = std::size_t{1} << slab_bits;
  auto* const slab = static_cast<CachedMember*>(allocate_huge(count * sizeof(CachedMember)));
  std::uninitialized_default_construct_n(slab, count);
  return Slab{slab};
}

/// The first one at once; from then on the next is under way when it is needed.
MemberCache::Slab MemberCache::next_slab() {
  Slab slab = coming_slab_.valid() ? coming_slab_.get() : make_slab();
  if (!slabs_.empty()) coming_slab_ = std::async(std::launch::async, make_slab);
  return slab;
}

void MemberCache::FreeSlab::operator()(CachedMember* slab) const {
  std::destroy_n(slab, std::size_t{1} << slab_bits);
  std::free(slab);
}

MemberCache::MemberCache(std::size_t bytes_max)
    : bytes_max_{bytes_max},
      members_max_{std::max<std::size_t>(bytes_max / 16 * 7 / sizeof(CachedMember), 1)},
      index_(index_size_initial),
      mask_{index_size_initial - 1} {}

Slot MemberCache::find(std::uint64_t key, std::uint32_t partition, std::string_view id) const {
  const std::uint32_t tag = tag_of(key);
  for (std::uint64_t at = key & mask_;; at = (at + 1) & mask_) {
    const Entry& entry = index_[at];
    if (entry.slot == no_slot) return no_slot;
    if (entry.tag != tag) continue;
    const CachedMember& found = member(entry.slot);
    if (found.key == key && found.partition == partition && found.record.id == id)
      return entry.slot;
  }
}

Slot MemberCache::insert(std::uint64_t key, std::uint32_t partition, std::string_view id) {
  if ((size_ + 1) * 2 > index_.size()) grow();
  Slot slot = no_slot;
  if (!free_.empty()) {
    slot = free_.back();
    free_.pop_back();
  } else {
    if ((slots_made_ & slab_mask) == 0) {
      slabs_.push_back(next_slab());
    }
    slot = slots_made_++;
    check(slot != no_slot, "a cache holds fewer than 2^32 members");
  }
  CachedMember& made = member(slot);
  made.key = key;
  made.partition = partition;
  made.record.id = id;
  made.used = 1;
  made.live = 1;
  recount(made);
  ++size_;
  std::uint64_t at = key & mask_;
  while (index_[at].slot != no_slot) at = (at + 1) & mask_;
  index_[at] = {tag_of(key), slot};
  return slot;
}

void MemberCache::recount(CachedMember& member) {
  const auto now = static_cast<std::uint32_t>(sizeof(CachedMember) + heap_bytes(member.record) +
                                              left_bytes(member.left_keys.get()));
  bytes_ = bytes_ - member.bytes + now;
  member.bytes = now;
}

std::size_t MemberCache::shrink() {
  std::size_t evicted = 0;
  // Two rounds of the hand: the first may only take the marks away.
  for (std::size_t steps = 0; over() && steps < std::size_t{slots_made_} * 2; ++steps) {
    if (hand_ >= slots_made_) hand_ = 0;
    CachedMember& candidate = member(hand_);
    if (candidate.live != 0 && candidate.first_unsaved == 0 && candidate.in_flight == 0) {
      if (candidate.used != 0) {
        candidate.used = 0;
      } else {
        evict(hand_);
        ++evicted;
      }
    }
    ++hand_;
  }
  return evicted;
}

void MemberCache::drop_partition(std::uint32_t partition) {
  for (Slot slot = 0; slot < slots_made_; ++slot) {
    if (member(slot).live != 0 && member(slot).partition == partition) evict(slot);
  }
}

std::vector<Slot> MemberCache::sorted_by_id(std::optional<std::uint32_t> partition) const {
  struct Key {
    std::uint64_t head, next;  // the id's first bytes, as numbers that compare as they do
    Slot slot;
  };
  const auto eight = [](const std::string& id, std::size_t from) {
    std::uint64_t number = 0;
    for (std::size_t i = from; i < from + 8; ++i) {
      number = number << 8U | (i < id.size() ? static_cast<unsigned char>(id[i]) : 0U);
    }
    return number;
  };
  std::vector<Key> keys;
  if (!partition) keys.reserve(size_);
  constexpr Slot prefetch_ahead = 32;
  for (Slot slot = 0; slot < slots_made_; ++slot) {
    if (slot + prefetch_ahead < slots_made_) prefetch_member(slot + prefetch_ahead, 64);
    if (member(slot).live == 0 || (partition && member(slot).partition != *partition)) continue;
    const std::string& id = member(slot).record.id;
    keys.push_back({eight(id, 0), eight(id, 8), slot});
  }
  std::sort(keys.begin(), keys.end(), [&](const Key& a, const Key& b) {
    if (a.head != b.head) return a.head < b.head;
    if (a.next != b.next) return a.next < b.next;
    return member(a.slot).record.id < member(b.slot).record.id;
  });
  std::vector<Slot> slots;
  slots.reserve(keys.size());
  for (const Key& key : keys) slots.push_back(key.slot);
  return slots;
}

void MemberCache::evict(Slot slot) {
  CachedMember& going = member(slot);
  erase_entry(going.key, slot);
  check(bytes_ >= going.bytes && size_ > 0, "the cache counts what it holds");
  bytes_ -= going.bytes;
  --size_;
  ++evictions_;
  const std::uint32_t generation = (going.generation + 1U) & generation_max;
  going = CachedMember{};
  going.generation = generation & generation_max;
  free_.push_back(slot);
}

void MemberCache::erase_entry(std::uint64_t key, Slot slot) {
  std::uint64_t hole = key & mask_;
  while (index_[hole].slot != slot) {
    check(index_[hole].slot != no_slot, "a cached member is in the index");
    hole = (hole + 1) & mask_;
  }
  for (std::uint64_t at = (hole + 1) & mask_; index_[at].slot != no_slot; at = (at + 1) & mask_) {
    const std::uint64_t home = member(index_[at].slot).key & mask_;
    if (((at - home) & mask_) >= ((at - hole) & mask_)) {
      index_[hole] = index_[at];
      hole = at;
    }
  }
  index_[hole] = Entry{};
}

void MemberCache::grow() {
  Index old(index_.size() * 2);
  old.swap(index_);
  mask_ = index_.size() - 1;
  for (const Entry& entry : old) {
    if (entry.slot == no_slot) continue;
    std::uint64_t at = member(entry.slot).key & mask_;
    while (index_[at].slot != no_slot) at = (at + 1) & mask_;
    index_[at] = entry;
  }
}

}  // namespace fealty::runtime
