#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "decode_support.hpp"

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
// The others too: a mixture of ours and the library's would free what it did not allocate.
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

namespace fealty::codec {
namespace {

TEST(Allocation, AWarmDecoderTakesNoMemoryFromTheHeap) {
  // Given a mix of events, escapes and lines among them, in one buffer.
  const std::vector<std::string> mix{
      purchase(R"(,"total":"12.30","tax":1.2,"channel":"web","store":"s-1")"),
      purchase(
          R"(,"lines":[{"sku":"a","quantity":2,"price":3},{"sku":"b","quantity":1,"price":4.5}])"),
      cloudevent("refund", R"({"order_id":"o-1","lines":[{"sku":"a","quantity":1}]})"),
      cloudevent("cancel", R"({"order_id":"o-1"})"),
      cloudevent("view", R"({"sku":"a","category":"shoes/\u00e4","unknown":[1,{"x":[]}]})"),
      cloudevent("click", R"({"sku":"a","dwell_ms":250})"),
      cloudevent("review", R"({"sku":"a","rating":5,"text":"line\nbreak"})"),
      cloudevent("login", "{}"),
      cloudevent("redemption", R"({"redemption_id":"r","points":100})"),
      cloudevent("adjustment", R"({"points":-5,"actor":"ann","reason":"goodwill"})"),
      cloudevent("profile", R"({"birthday":"1990-02-03","attributes":{"a":1}})"),
      cloudevent("item", R"({"sku":"a"})")};
  std::string buffer;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (const std::string& record : mix) {
    places.emplace_back(buffer.size(), record.size());
    buffer += record + "\n";
  }
  buffer.append(padding_bytes, ' ');
  const Mapping mapping = cloudevents_mapping();
  Decoder decoder{mapping};
  Arena arena;
  event::Event event;
  const auto decode_all = [&] {
    std::size_t decoded = 0;
    arena.reset();
    for (const auto& [at, size] : places) {
      decoded += decoder.decode({buffer.data() + at, size}, {}, 0, arena, event) ? 1U : 0U;
    }
    return decoded;
  };
  // When the decoder and the arena are warm,
  ASSERT_EQ(decode_all(), mix.size());
  const std::uint64_t before = allocations;
  for (int round = 0; round < 100; ++round) ASSERT_EQ(decode_all(), mix.size());
  // Then no event costs an allocation.
  EXPECT_EQ(allocations - before, 0U);
}

}  // namespace
}  // namespace fealty::codec
