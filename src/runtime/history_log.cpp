#include "fealty/runtime/history_log.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/runtime/huge_pages.hpp"

namespace fealty::runtime {
namespace {

constexpr std::size_t alignment = 8;

}  // namespace

void HistoryLog::Free::operator()(char* memory) const { std::free(memory); }

HistoryLog::Memory HistoryLog::make_memory(std::size_t bytes) {
  constexpr std::size_t page_bytes = 4096;
  Memory memory{static_cast<char*>(allocate_huge(bytes))};
  for (std::size_t at = 0; at < bytes; at += page_bytes) memory.get()[at] = 0;  // makes it real
  return memory;
}

/// From the second one on, the next is under way when it is needed.
void HistoryLog::add_segment(std::size_t bytes) {
  const std::size_t size = huge_page_size(bytes);
  const bool ready = size == segment_bytes && coming_.valid();
  Memory memory = ready ? coming_.get() : make_memory(size);
  if (!segments_.empty() && !coming_.valid()) {
    coming_ = std::async(std::launch::async, [] { return make_memory(segment_bytes); });
  }
  Segment& segment = segments_.emplace_back();
  segment.size = size;
  segment.memory = std::move(memory);
  if (held_) held_(0, size);
}

HistoryLog::Position HistoryLog::append(std::string_view bytes, Position previous,
                                        std::uint64_t tag) {
  const std::size_t size = (sizeof(Head) + bytes.size() + alignment - 1) & ~(alignment - 1);
  if (segments_.empty() || segments_.back().size - segments_.back().used < size ||
      segments_.back().used >= segment_bytes) {
    add_segment(size);
  }
  Segment& segment = segments_.back();
  const Head head{previous, tag, bytes.size()};
  std::memcpy(segment.memory.get() + segment.used, &head, sizeof head);
  std::memcpy(segment.memory.get() + segment.used + sizeof head, bytes.data(), bytes.size());
  const std::uint64_t number = first_ + segments_.size() - 1;
  const Position position = (number + 1) << offset_bits | segment.used;
  segment.used += size;
  bytes_ += size;
  ++segment.items;
  return position;
}

bool HistoryLog::holds(Position position) const {
  const std::uint64_t number = (position >> offset_bits) - 1;
  return position != none && number >= first_ && number - first_ < segments_.size() &&
         segments_[number - first_].memory != nullptr;
}

const char* HistoryLog::memory_at(Position position) const {
  const std::uint64_t number = (position >> offset_bits) - 1;
  check(number >= first_ && number - first_ < segments_.size(), "an item that is still there");
  const Segment& segment = segments_[number - first_];
  check(segment.memory != nullptr, "an item that is still there");
  return segment.memory.get() + (position & (segment_bytes - 1));
}

void HistoryLog::follow(std::span<Chain> chains, Release& release) const {
  const auto prefetch = [this](Position position) {
    if (position != none) __builtin_prefetch(memory_at(position));
  };
  for (const Chain& chain : chains) prefetch(chain.next);
  bool more = true;
  while (more) {
    more = false;
    for (Chain& chain : chains) {
      if (chain.next == none) continue;
      const char* const memory = memory_at(chain.next);
      Head head{};
      std::memcpy(&head, memory, sizeof head);
      if ((head.size & superseded) == 0) chain.items.emplace_back(memory + sizeof head, head.size);
      release.add(chain.next);
      chain.next = head.previous;
      prefetch(chain.next);
      more = more || chain.next != none;
    }
  }
}

void HistoryLog::supersede(Position position) {
  const std::uint64_t number = (position >> offset_bits) - 1;
  check(holds(position), "an item that is still there");
  char* const memory = segments_[number - first_].memory.get() + (position & (segment_bytes - 1)) +
                       offsetof(Head, size);
  std::uint64_t size = 0;
  std::memcpy(&size, memory, sizeof size);
  size |= superseded;
  std::memcpy(memory, &size, sizeof size);
}

void HistoryLog::Release::add(Position position) {
  const std::uint64_t number = (position >> offset_bits) - 1;
  if (items_.empty()) first_ = number;
  if (number < first_) {
    items_.insert(items_.begin(), first_ - number, 0U);
    first_ = number;
  }
  if (number - first_ >= items_.size()) items_.resize(number - first_ + 1, 0U);
  ++items_[number - first_];
}

void HistoryLog::release(const Release& what) {
  for (std::size_t i = 0; i < what.items_.size(); ++i) {
    const std::uint32_t items = what.items_[i];
    const std::uint64_t number = what.first_ + i;
    if (items == 0) continue;
    check(number >= first_ && number - first_ < segments_.size(), "items that are still there");
    Segment& segment = segments_[number - first_];
    check(segment.items >= items, "an item is released once");
    segment.items -= items;
    if (segment.items == 0) drop(segment);
  }
  while (!segments_.empty() && segments_.front().memory == nullptr) {
    segments_.pop_front();
    ++first_;
  }
}

/// Its number never comes again, so a position never comes to mean something else.
void HistoryLog::drop(Segment& segment) {
  bytes_ -= segment.used;
  if (held_) held_(segment.size, 0);
  segment.used = segment.size;
  segment.memory.reset();
}

}  // namespace fealty::runtime
