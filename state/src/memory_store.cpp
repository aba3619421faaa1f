#include "fealty/state/memory_store.hpp"

#include <iterator>
#include <map>
#include <memory>

namespace fealty::state {
namespace {

class MemoryMap final : public KeyValue {
 public:
  Result<std::optional<std::string>> get(std::string_view key) override {
    const auto at = pairs_.find(key);
    if (at == pairs_.end()) return std::optional<std::string>{};
    return std::optional{at->second};
  }
  Result<void> get_many(std::span<const std::string_view> keys, const GotVisitor& visit) override {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto at = pairs_.find(keys[i]);
      if (at == pairs_.end()) continue;
      if (auto visited = visit(i, at->second); !visited) return visited;
    }
    return {};
  }
  Result<void> write(std::span<const Write> changes) override {
    for (const Write& change : changes) {
      if (change.erase) {
        if (const auto at = pairs_.find(change.key); at != pairs_.end()) pairs_.erase(at);
      } else {
        pairs_.insert_or_assign(std::string{change.key}, std::string{change.value});
      }
    }
    return {};
  }
  Result<void> scan(std::string_view first, std::string_view end,
                    const PairVisitor& visit) override {
    for (auto at = pairs_.lower_bound(first); at != pairs_.end() && at->first < end; ++at) {
      auto go_on = visit(at->first, at->second);
      if (!go_on) return go_on.error();
      if (!*go_on) break;
    }
    return {};
  }
  Result<void> scan_from(std::string_view first, std::string_view at, std::string_view end,
                         const PairVisitor& visit) override {
    auto from = pairs_.upper_bound(at);
    if (from != pairs_.begin() && std::prev(from)->first >= first) --from;
    return scan(from == pairs_.end() ? end : std::string_view{from->first}, end, visit);
  }
  std::uint64_t disk_bytes(std::string_view, std::string_view) override { return 0; }

 private:
  std::map<std::string, std::string, std::less<>> pairs_;
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
