#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "fixture.hpp"

namespace {

std::atomic<std::uint64_t> allocations{0};  // NOLINT: what this file counts

void* counted(std::size_t size) {
  ++allocations;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
  return operator new(size, tag);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace fealty::program::testing {
namespace {

TEST(Allocation, AWarmMemberTakesNoMemoryFromTheHeap) {
  // Given a busy member whose window is full, so that each purchase asks for rows and sends one
  // out.
  const Series series = Desk{shop()}.series;
  member::Record record;
  record.id = "anna";
  member::Effects effects;
  member::Rows rows;
  std::array<event::Event, 64> events;
  std::array<std::array<char, 16>, 64> ids{};
  std::vector<event::Line> lines{{"1", "sku-1", "shoes", "", 2, 10'00},
                                 {"2", "sku-2", "", "", 1, 3'37}};
  const auto make = [&](std::size_t i, int round) {
    std::snprintf(ids[i].data(), ids[i].size(), "order-%04d-%02d", round, static_cast<int>(i));
    event::Purchase purchase;
    purchase.order_id = std::string_view{ids[i].data(), 13};
    purchase.currency = usd;
    purchase.total_minor = 23'37;
    purchase.lines = lines;
    events[i].type = event::Type::purchase;
    events[i].id = std::string_view{ids[i].data() + 1, 12};  // differs from the order
    events[i].source = "shop";
    events[i].member = record.id;
    events[i].time = at_day(round);
    events[i].data = purchase;
  };
  std::size_t asked = 0;
  const auto apply_all = [&](int round) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      make(i, round);
      effects.clear();
      rows_needed(record, events[i], rows);
      asked += rows.all().size();
      ASSERT_EQ(apply(record, events[i], i, rows, series, effects).verdict, Verdict::applied);
      ASSERT_EQ(effects.rows.empty(), false);
    }
  };
  // When it is warm,
  apply_all(1);
  const std::uint64_t before = allocations;
  apply_all(1000);
  // Then no event costs an allocation but for a day more that it bought on.
  EXPECT_LE(allocations - before, 1U);
  EXPECT_GE(asked, 2 * events.size());
}

}  // namespace
}  // namespace fealty::program::testing
