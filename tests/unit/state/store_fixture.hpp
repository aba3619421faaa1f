#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fealty/state/async_stores.hpp"
#include "fealty/state/memory_store.hpp"
#include "fealty/state/rocks_stores.hpp"
#include "samples.hpp"

namespace fealty::state {

/// A directory of its own that goes with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "fealty-state-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// What in a directory has `part` in its name.
inline std::vector<std::filesystem::path> files_like(const std::string& directory,
                                                     const std::string& part) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator{directory}) {
    if (entry.path().filename().string().find(part) != std::string::npos) found.push_back(entry);
  }
  return found;
}

/// What a commit saves, in the words of a test.
class Saver {
 public:
  /// `store`: one of `stores`.
  Saver(ports::MemberStores& stores, ports::MemberStore& store) : stores_{stores}, store_{store} {}
  Saver& member(const member::Record& record, Day stored_due = no_day,
                const samples::History& history = {}) {
    std::deque<std::string> bytes;
    std::vector<std::string_view> entries, rows;
    for (const auto& entry : history.entries) {
      store_.encode(entry, bytes.emplace_back());
      entries.emplace_back(bytes.back());
    }
    member::Effects effects;
    effects.parked.renew() = samples::parked();
    const auto change = [&](const member::RowChange& row) {
      store_.encode(row, effects, bytes.emplace_back());
      rows.emplace_back(bytes.back());
    };
    for (const auto& order : history.orders) {
      effects.order.renew() = order;
      change(samples::put(member::RowKey::order(order.order_id)));
    }
    for (const auto& row : history.rows) change(row);
    const ports::SaveItem item{&record, entries, rows, stored_due};
    store_.encode({&item, 1}, record.as_of, batch_);
    return *this;
  }
  Saver& checkpoint(const ports::Checkpoint& checkpoint) {
    store_.encode(checkpoint, batch_);
    return *this;
  }
  Result<void> save(std::uint64_t changelog_position = 0) {
    batch_.changelog_position = changelog_position;
    const ports::MemberStores::Save save{&store_, &batch_};
    return stores_.save({&save, 1});
  }
  [[nodiscard]] ports::SavedBatch& batch() { return batch_; }

 private:
  ports::MemberStores& stores_;
  ports::MemberStore& store_;
  ports::SavedBatch batch_;
};

/// A batch's changelog records, key and value.
using Changelog = std::vector<std::pair<std::string, std::string>>;
inline Changelog changelog_of(ports::MemberStore& store, const ports::SavedBatch& batch) {
  ports::OutputBuffer out;
  store.to_changelog(batch, ports::Stream{4}, 3, out);
  Changelog records;
  for (const auto& item : out.items()) {
    EXPECT_EQ(item.stream, ports::Stream{4});
    EXPECT_EQ(item.partition, 3U);
    records.emplace_back(out.key(item), out.value(item));
  }
  return records;
}
/// As releases before packs wrote them: each row a record of its own.
inline Changelog unpacked(const ports::SavedBatch& batch) {
  Changelog records;
  for (const auto& item : batch.items) records.emplace_back(batch.key(item), batch.value(item));
  return records;
}
inline void restore(ports::MemberStore& store, const Changelog& records, std::uint64_t from = 0) {
  for (std::uint64_t i = from; i < records.size(); ++i) {
    const auto kept = store.restore(records[i].first, records[i].second, i + 1);
    EXPECT_TRUE(kept) << to_string(kept.error());
  }
  EXPECT_TRUE(store.restored(records.size()));
}

inline member::Record loaded(ports::MemberStore& store, std::string_view id) {
  member::Record record;
  member::Record* out = &record;
  const auto result = store.load({&id, 1}, {&out, 1});
  EXPECT_TRUE(result) << to_string(result.error());
  return record;
}

inline std::vector<std::string> members_of(const std::vector<ports::DuePlace>& places) {
  std::vector<std::string> members;
  for (const ports::DuePlace& place : places) members.push_back(place.member);
  return members;
}

/// From day `from` on.
inline std::vector<std::string> all_due(ports::MemberStore& store, Day from, Day until) {
  std::vector<ports::DuePlace> places;
  const auto more = store.due({from, {}}, until, 1'000, places);
  EXPECT_TRUE(more && !*more);
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
  return members_of(places);
}

inline std::vector<std::uint64_t> entry_numbers(ports::MemberStore& store, std::string_view id,
                                                std::uint64_t from_seq = 0,
                                                std::size_t limit = 1'000'000) {
  std::vector<std::uint64_t> seqs;
  EXPECT_TRUE(store.history(id, from_seq, limit,
                            [&](const member::LedgerEntry& e) { seqs.push_back(e.seq); }));
  return seqs;
}

inline member::FoundRow found(ports::MemberStore& store, std::string_view member,
                              const member::RowKey& key) {
  member::FoundRow row;
  row.key = key;
  member::FoundRow* const asked = &row;
  const auto result = store.find_rows(member, {&asked, 1});
  EXPECT_TRUE(result) << to_string(result.error());
  return row;
}
inline member::FoundRow found_order(ports::MemberStore& store, std::string_view member,
                                    std::string_view order_id) {
  return found(store, member, member::RowKey::order(order_id));
}

/// One of those of a process, open.
inline std::unique_ptr<ports::MemberStore> opened(ports::MemberStores& stores,
                                                  std::uint32_t partition = 0) {
  auto store = stores.open(partition);
  EXPECT_TRUE(store) << to_string(store.error());
  return store ? std::move(*store) : nullptr;
}
inline std::unique_ptr<RocksStores> stores_in(const std::string& directory,
                                              const RocksOptions& options = {},
                                              Access access = Access::read_write) {
  auto stores = RocksStores::open_in(directory, options, access);
  EXPECT_TRUE(stores) << to_string(stores.error());
  return stores ? std::move(*stores) : nullptr;
}

// The stores that every test of a store runs on.
struct Host {
  std::unique_ptr<ports::MemberStores> stores;
  std::unique_ptr<ports::MemberStore> store;
  Saver saver() { return {*stores, *store}; }
};

struct InMemory : Host {
  InMemory() {
    stores = std::make_unique<MemoryStores>();
    store = opened(*stores);
  }
  void reopen() {}
};

struct OnDisk : Host {
  explicit OnDisk(RocksOptions with = {}) : options{with} { reopen(); }
  ~OnDisk() {  // Before the directory goes.
    store.reset();
    stores.reset();
  }
  void reopen() {
    store.reset();
    stores.reset();
    stores = stores_in(directory.path(), options);
    store = opened(*stores);
  }
  TemporaryDirectory directory;
  RocksOptions options;
};

struct OnDiskWithoutLog : OnDisk {
  OnDiskWithoutLog() : OnDisk{{.write_ahead_log = false}} {}
};

struct OnDiskGathering : OnDisk {
  OnDiskGathering() : OnDisk{{.gather = std::chrono::hours{1}}} {}
};

/// With partitions on either side of it that hold the members that tests ask for.
struct AmongOthers : OnDisk {
  AmongOthers() {
    for (const std::uint32_t other : {255U, 257U}) {
      const auto neighbour = opened(*stores, other);
      Saver saver{*stores, *neighbour};
      for (const char* id : {"a", "anna", "b", "m1", "z"}) {
        saver.member(samples::typical_member(id, other), no_day, samples::history(other));
      }
      EXPECT_TRUE(saver.checkpoint(samples::checkpoint(other)).save(other));
    }
    store = opened(*stores, 256);
  }
  void reopen() {
    OnDisk::reopen();
    store = opened(*stores, 256);
  }
};

struct Behind : OnDisk {
  Behind() { reopen(); }
  void reopen() {
    store.reset();
    stores.reset();
    stores = std::make_unique<AsyncStores>(stores_in(directory.path()));
    store = opened(*stores);
  }
};

template <class Host>
class MemberStoreTest : public testing::Test {
 protected:
  ports::MemberStore& store() { return *host.store; }
  Saver saver() { return host.saver(); }
  Result<void> save(ports::SavedBatch& batch) {
    const ports::MemberStores::Save save{host.store.get(), &batch};
    return host.stores->save({&save, 1});
  }
  Host host;
};
using Hosts =
    testing::Types<InMemory, OnDisk, OnDiskWithoutLog, OnDiskGathering, AmongOthers, Behind>;

inline member::Record due_on(std::string id, Day day, std::uint64_t as_of = 1) {
  member::Record record;
  record.id = std::move(id);
  record.as_of = as_of;
  record.churn.due = day;
  return record;
}

}  // namespace fealty::state
