#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace fealty::generator {

/// What falls due for a member at a moment. A member has a few of them at any time.
struct Due {
  enum Kind : std::uint32_t { join, shop, browse, refund, review, redeem };
  std::int64_t time_ms = 0;
  std::uint32_t member = 0;
  std::uint32_t kind : 3 = join;
  std::uint32_t step : 5 = 0;     // of a session
  std::uint32_t number : 24 = 0;  // of the member's order or browsing session

  /// A total order, so that equal times cannot make a difference between machines.
  [[nodiscard]] std::uint64_t rank() const {
    return (std::uint64_t{member} << 32U) | (kind << 29U) | (step << 24U) | number;
  }
  friend bool operator>(const Due& x, const Due& y) {
    return x.time_ms != y.time_ms ? x.time_ms > y.time_ms : x.rank() > y.rank();
  }
};

/// Gives back what was put in, earliest first. A calendar queue (Brown 1988): only the bucket in
/// hand is kept as a heap. Memory: 16 bytes an entry held.
class Calendar {
 public:
  Calendar(std::int64_t start_ms, std::int64_t span_ms)
      : start_ms_{start_ms},
        width_ms_{std::max<std::int64_t>(span_ms / bucket_count, 1)},
        buckets_(bucket_count) {}

  /// Precondition: not before what pop() gave last.
  void put(const Due& due) {
    const std::int64_t bucket = (due.time_ms - start_ms_) / width_ms_;
    if (bucket <= at_) {
      heap_.push_back(due);
      std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
    } else if (bucket < bucket_count) {
      buckets_[static_cast<std::size_t>(bucket)].push_back(due);
    } else {
      later_.push_back(due);
    }
    ++size_;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// The earliest entry. Precondition: not empty.
  const Due& top() {
    if (heap_.empty()) advance();
    return heap_.front();
  }
  Due pop() {
    const Due first = top();
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
    heap_.pop_back();
    --size_;
    return first;
  }

 private:
  static constexpr std::int64_t bucket_count = 1 << 16;

  void advance() {
    while (heap_.empty()) {
      if (++at_ == bucket_count) turn_the_page();
      std::vector<Due> bucket;  // Not swapped with heap_: a used bucket must give its memory back.
      bucket.swap(buckets_[static_cast<std::size_t>(at_)]);
      heap_ = std::move(bucket);
    }
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>{});
  }
  /// All buckets are used up: they serve again for the span that follows.
  void turn_the_page() {
    start_ms_ += width_ms_ * bucket_count;
    at_ = 0;
    std::vector<Due> waiting;
    waiting.swap(later_);
    for (const Due& due : waiting) {
      const std::int64_t bucket = (due.time_ms - start_ms_) / width_ms_;
      if (bucket < bucket_count) {
        buckets_[static_cast<std::size_t>(bucket)].push_back(due);
      } else {
        later_.push_back(due);
      }
    }
  }

  std::int64_t start_ms_, width_ms_;
  std::int64_t at_ = -1;  // bucket in hand, now in heap_
  std::size_t size_ = 0;
  std::vector<Due> heap_;
  std::vector<std::vector<Due>> buckets_;
  std::vector<Due> later_;
};

}  // namespace fealty::generator
