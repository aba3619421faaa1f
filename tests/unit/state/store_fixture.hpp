#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fealty/state/async_store.hpp"
#include "fealty/state/memory_store.hpp"
#include "fealty/state/rocks_store.hpp"
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

/// What a commit saves, in the words of a test.
class Saver {
 public:
  explicit Saver(ports::MemberStore& store) : store_{store} {}
  Saver& member(const member::Record& record, Day stored_due = no_day,
                const member::History& history = {}) {
    std::deque<std::string> bytes;
    for (const auto& entry : history.entries) store_.encode(entry, bytes.emplace_back());
    for (const auto& order : history.orders) store_.encode(order, bytes.emplace_back());
    const std::vector<std::string_view> unsaved{bytes.begin(), bytes.end()};
    const ports::SaveItem item{&record, unsaved, stored_due};
    store_.encode({&item, 1}, record.as_of, batch_);
    return *this;
  }
  Saver& checkpoint(const ports::Checkpoint& checkpoint) {
    store_.encode(checkpoint, batch_);
    return *this;
  }
  Result<void> save(std::uint64_t changelog_position = 0) {
    batch_.changelog_position = changelog_position;
    return store_.save(batch_);
  }
  [[nodiscard]] const ports::SavedBatch& batch() const { return batch_; }

 private:
  ports::MemberStore& store_;
  ports::SavedBatch batch_;
};

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

inline std::vector<std::uint64_t> entry_numbers(ports::MemberStore& store, std::string_view id) {
  std::vector<std::uint64_t> seqs;
  EXPECT_TRUE(store.history(id, [&](const member::LedgerEntry& e) { seqs.push_back(e.seq); }));
  return seqs;
}

}  // namespace fealty::state
