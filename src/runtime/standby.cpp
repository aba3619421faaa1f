#include "fealty/runtime/standby.hpp"

#include <algorithm>

#include "fealty/base/hash.hpp"
#include "restore_visitor.hpp"

namespace fealty::runtime {

std::vector<std::uint32_t> standbys_of(std::string_view self,
                                       std::span<const GroupProcess> processes,
                                       std::uint32_t partitions, std::uint32_t standbys) {
  const auto own = std::find_if(processes.begin(), processes.end(),
                                [&](const GroupProcess& one) { return one.id == self; });
  std::vector<std::uint32_t> out;
  if (own == processes.end()) return out;
  const auto has = [](const GroupProcess& one, std::uint32_t partition) {
    return std::find(one.partitions.begin(), one.partitions.end(), partition) !=
           one.partitions.end();
  };
  for (std::uint32_t partition = 0; partition < partitions; ++partition) {
    if (has(*own, partition)) continue;
    const auto place = [&](const GroupProcess& one) {
      return std::pair{hash64(one.id, partition), std::string_view{one.id}};
    };
    const auto before = std::count_if(
        processes.begin(), processes.end(),
        [&](const GroupProcess& one) { return !has(one, partition) && place(one) < place(*own); });
    if (before < static_cast<std::ptrdiff_t>(standbys)) out.push_back(partition);
  }
  return out;
}

Result<Standby::Pass> Standby::pass(std::uint32_t partition, const std::atomic<bool>& stop) {
  constexpr std::chrono::milliseconds budget{100};
  Pass out;
  auto opened = stores_.open_standby(partition);
  if (!opened) return opened.error();
  const std::unique_ptr<ports::MemberStore> store = std::move(*opened);
  if (store == nullptr) return out;
  const auto saved = store->checkpoint();
  if (!saved) return saved.error();
  out.position = *saved ? (*saved)->changelog_position : 0;
  auto reader = changelog_.open(partition, out.position);
  if (!reader) return reader.error();
  RestoreVisitor visitor{*store, **reader, out.records};
  while (!stop.load(std::memory_order_relaxed) && !stores_.wanted(partition)) {
    const auto done = (*reader)->step(visitor, budget);
    if (!done) return done.error();
    out.position = (*reader)->position();
    if (!*done) continue;
    if (auto kept = store->restored(out.position); !kept) return kept.error();
    out.whole = true;
    break;
  }
  return out;  // Cut short, what was kept on the way stands, and the next one goes on from there.
}

}  // namespace fealty::runtime
