#include "disk.hpp"

#include <iterator>
#include <utility>

#include "fealty/state/encoded_store.hpp"

namespace fealty::simulation {
namespace {

/// A disk's pairs of one partition, as a store sees them.
class DiskMap final : public state::KeyValue {
 public:
  DiskMap(Disk& disk, std::uint32_t partition, Bug bug)
      : disk_{disk}, partition_{partition}, bug_{bug} {}

  Result<std::optional<std::string>> get(std::string_view key) override {
    const auto at = pairs().find(key);
    if (at == pairs().end()) return std::optional<std::string>{};
    return std::optional{at->second};
  }
  Result<void> get_many(std::span<const std::string_view> keys, const GotVisitor& visit) override {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto at = pairs().find(keys[i]);
      if (at == pairs().end()) continue;
      if (auto visited = visit(i, at->second); !visited) return visited;
    }
    return {};
  }
  Result<void> write(std::span<const state::Write> changes) override {
    disk_.begin_write();
    for (const state::Write& change : changes) {
      if (bug_ == Bug::timers_not_stored && change.key[0] == 't' && !change.erase) continue;
      disk_.put(partition_, change.key, change.erase ? std::nullopt : std::optional{change.value});
    }
    return {};
  }
  Result<void> scan(std::string_view first, std::string_view end,
                    const PairVisitor& visit) override {
    for (auto at = pairs().lower_bound(first); at != pairs().end() && at->first < end; ++at) {
      const auto go_on = visit(at->first, at->second);
      if (!go_on) return go_on.error();
      if (!*go_on) break;
    }
    return {};
  }
  Result<void> scan_from(std::string_view first, std::string_view at, std::string_view end,
                         const PairVisitor& visit) override {
    auto from = pairs().upper_bound(at);
    if (from != pairs().begin() && std::prev(from)->first >= first) --from;
    return scan(from == pairs().end() ? end : std::string_view{from->first}, end, visit);
  }

 private:
  Disk::Pairs& pairs() { return disk_.pairs(partition_); }
  Disk& disk_;
  const std::uint32_t partition_;
  const Bug bug_;
};

/// A store whose process may end at any call that reads or writes.
class SimStore final : public state::EncodedStore {
 public:
  SimStore(Disk& disk, std::uint32_t partition, Trouble& process)
      : EncodedStore{disk_map(disk, partition, process.cluster().bug())},
        disk_{disk},
        process_{process} {}

  using EncodedStore::encode;
  void encode(const ports::Checkpoint& checkpoint, ports::SavedBatch& batch) override {
    ports::Checkpoint written = checkpoint;
    switch (process_.cluster().bug()) {
      case Bug::advances_not_recorded:
        written.advances.clear();
        break;
      case Bug::refusals_not_recorded:
        written.refused.clear();
        break;
      case Bug::generation_adopted_twice:
        if (written.generations.size() > 1) written.generations.pop_back();
        break;
      case Bug::checkpoint_of_another_commit:
        if (last_) written = *last_;
        last_ = checkpoint;
        break;
      default:
        break;
    }
    EncodedStore::encode(written, batch);
  }
  void to_changelog(const ports::SavedBatch& batch, ports::Stream stream, std::uint32_t partition,
                    ports::OutputBuffer& out) override {
    if (process_.cluster().bug() != Bug::packs_keyed_alike) {
      return EncodedStore::to_changelog(batch, stream, partition, out);
    }
    constexpr std::size_t names_version = 8 + 8;  // and behind it the part
    ports::OutputBuffer records;
    EncodedStore::to_changelog(batch, stream, partition, records);
    for (const auto& item : records.items()) {
      std::string key{records.key(item)};
      if (key[0] == 'b')
        key.replace(key.size() - 2 - names_version, names_version, names_version, '0');
      out.add(stream, partition, key, records.value(item));
    }
  }
  Result<void> load(std::span<const std::string_view> members,
                    std::span<member::Record* const> out) override {
    process_.at(Call::store_load);
    return EncodedStore::load(members, out);
  }
  Result<void> find_rows(std::string_view member,
                         std::span<member::FoundRow* const> rows) override {
    process_.at(Call::store_find_rows);
    return EncodedStore::find_rows(member, rows);
  }
  Result<bool> due(const ports::DuePlace& after, Day until, std::size_t limit,
                   std::vector<ports::DuePlace>& out) override {
    process_.at(Call::store_due);
    return EncodedStore::due(after, until, limit, out);
  }
  Result<void> restored(std::uint64_t position) override {
    process_.at(Call::restored);
    auto kept = EncodedStore::restored(position);
    disk_.end_write();
    return kept;
  }

 private:
  Disk& disk_;
  Trouble& process_;
  std::optional<ports::Checkpoint> last_;
};

}  // namespace

void Disk::begin_write() {
  if (writing_) return;
  writing_ = true;
  unsafe_.emplace_back();
  if (unsafe_.size() > unsafe_max) unsafe_.pop_front();
}

void Disk::put(std::uint32_t partition, std::string_view key,
               std::optional<std::string_view> value) {
  Pairs& pairs = partitions_[partition];
  const auto at = pairs.find(key);
  Undo undo{partition, std::string{key}, std::nullopt};
  if (at != pairs.end()) undo.before = at->second;
  unsafe_.back().push_back(std::move(undo));
  if (value) {
    pairs.insert_or_assign(std::string{key}, std::string{*value});
  } else if (at != pairs.end()) {
    pairs.erase(at);
  }
}

void Disk::cut_back(std::size_t writes) {
  writing_ = false;
  for (; writes > 0 && !unsafe_.empty(); --writes) {
    auto& undos = unsafe_.back();
    for (auto undo = undos.rbegin(); undo != undos.rend(); ++undo) {
      Pairs& pairs = partitions_[undo->partition];
      if (undo->before) {
        pairs.insert_or_assign(undo->key, std::move(*undo->before));
      } else {
        pairs.erase(undo->key);
      }
    }
    unsafe_.pop_back();
  }
}

Result<std::unique_ptr<ports::MemberStore>> SimStores::open(std::uint32_t partition) {
  process_.at(Call::store_open);
  return std::unique_ptr<ports::MemberStore>{
      std::make_unique<SimStore>(disk_, partition, process_)};
}

Result<void> SimStores::save(std::span<const Save> saves) {
  process_.at(Call::store_save);
  disk_.begin_write();
  Result<void> kept;
  for (const Save& save : saves) {
    if (kept = static_cast<SimStore&>(*save.store).save(*save.batch); !kept) break;
  }
  disk_.end_write();
  process_.at(Call::store_saved);
  return kept;
}

std::unique_ptr<state::KeyValue> disk_map(Disk& disk, std::uint32_t partition, Bug bug) {
  return std::make_unique<DiskMap>(disk, partition, bug);
}

std::unique_ptr<ports::MemberStore> read_only(Disk& disk, std::uint32_t partition) {
  return std::make_unique<state::EncodedStore>(disk_map(disk, partition));
}

}  // namespace fealty::simulation
