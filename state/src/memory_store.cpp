#include "fealty/state/memory_store.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <set>

namespace fealty::state {
namespace {

/// Key and value in one piece of memory: millions of them are kept in a replay without a state
/// directory.
class Pair {
 public:
  Pair(std::string_view key, std::string_view value)
      : bytes_{std::make_unique_for_overwrite<char[]>(key.size() + value.size())},
        key_size_{static_cast<std::uint32_t>(key.size())},
        value_size_{static_cast<std::uint32_t>(value.size())} {
    std::copy(key.begin(), key.end(), bytes_.get());
    std::copy(value.begin(), value.end(), bytes_.get() + key.size());
  }
  [[nodiscard]] std::string_view key() const { return {bytes_.get(), key_size_}; }
  [[nodiscard]] std::string_view value() const { return {bytes_.get() + key_size_, value_size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::uint32_t key_size_, value_size_;
};
struct ByKey {
  using is_transparent = void;
  bool operator()(const Pair& a, const Pair& b) const { return a.key() < b.key(); }
  bool operator()(const Pair& a, std::string_view key) const { return a.key() < key; }
  bool operator()(std::string_view key, const Pair& b) const { return key < b.key(); }
};

class MemoryMap final : public KeyValue {
 public:
  Result<std::optional<std::string>> get(std::string_view key) override {
    const auto at = pairs_.find(key);
    if (at == pairs_.end()) return std::optional<std::string>{};
    return std::optional{std::string{at->value()}};
  }
  Result<void> get_many(std::span<const std::string_view> keys, const GotVisitor& visit) override {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto at = pairs_.find(keys[i]);
      if (at == pairs_.end()) continue;
      if (auto visited = visit(i, at->value()); !visited) return visited;
    }
    return {};
  }
  Result<void> write(std::span<const Write> changes) override {
    auto next = pairs_.begin();  // The first one not below the change at hand: they ascend.
    for (const Write& change : changes) {
      if (next != pairs_.end() && next->key() < change.key) next = pairs_.lower_bound(change.key);
      if (next != pairs_.end() && next->key() == change.key) next = pairs_.erase(next);
      if (!change.erase) next = std::next(pairs_.emplace_hint(next, change.key, change.value));
    }
    return {};
  }
  Result<void> scan(std::string_view first, std::string_view end,
                    const PairVisitor& visit) override {
    return visit_from(pairs_.lower_bound(first), end, visit);
  }
  Result<void> scan_from(std::string_view first, std::string_view at, std::string_view end,
                         const PairVisitor& visit) override {
    auto from = pairs_.upper_bound(at);
    if (from != pairs_.begin() && std::prev(from)->key() >= first) --from;
    return visit_from(from, end, visit);
  }

 private:
  using Pairs = std::set<Pair, ByKey>;
  Result<void> visit_from(Pairs::const_iterator at, std::string_view end,
                          const PairVisitor& visit) const {
    for (; at != pairs_.end() && at->key() < end; ++at) {
      auto go_on = visit(at->key(), at->value());
      if (!go_on) return go_on.error();
      if (!*go_on) break;
    }
    return {};
  }
  Pairs pairs_;
};

}  // namespace

MemoryStore::MemoryStore() : EncodedStore{std::make_unique<MemoryMap>()} {}

Result<std::unique_ptr<ports::MemberStore>> MemoryStores::open(std::uint32_t) {
  return std::unique_ptr<ports::MemberStore>{std::make_unique<MemoryStore>()};
}

Result<void> MemoryStores::save(std::span<const Save> saves) {
  for (const Save& save : saves) {
    if (auto kept = static_cast<MemoryStore&>(*save.store).save(*save.batch); !kept) return kept;
  }
  return {};
}

}  // namespace fealty::state
