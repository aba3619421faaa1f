#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/event/event.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/runtime/member_cache.hpp"
#include "fealty/runtime/unsaved.hpp"

namespace fealty::runtime {

/// Finds the rows that an event needs beside its member: what is not saved yet, else the store, in
/// one read. Of a member that was in memory since its first key left its window, the keys that have
/// left it are kept, so that nothing is read for what is new.
///
/// Borrows what it is made with. Threads: one. Errors: the store's.
class RowLookup {
 public:
  RowLookup(ports::MemberStore& store, const Unsaved& unsaved, MemberCache& cache);

  /// `saving`: what of the member's rows is in the commit in flight. The answer is good until the
  /// next call, or until anything is added to what is unsaved.
  Result<const member::Rows*> find(const event::Event& event, Slot slot,
                                   HistoryLog::Position saving);
  /// For an event that touches no money: nothing, and nothing of the member is looked at.
  const member::Rows* none() {
    rows_.clear();
    return &rows_;
  }
  /// Notes what left the member's window by the event last looked up for.
  void note_left(CachedMember& member, const member::Effects& effects);

 private:
  Result<bool> find_in_memory(Slot slot, HistoryLog::Position saving, member::FoundRow& row);
  [[nodiscard]] std::uint32_t hash_of_name() const;

  ports::MemberStore& store_;
  const Unsaved& unsaved_;
  MemberCache& cache_;
  const std::uint64_t seed_;
  const std::size_t left_bytes_max_;  // of one member
  std::uint64_t left_before_ = 0;     // of the member, before the event at hand
  member::Rows rows_;
  std::vector<member::FoundRow*> stored_;  // those to be read
  std::string name_;
};

}  // namespace fealty::runtime
