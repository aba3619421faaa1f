#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <string_view>
#include <vector>

#include "fealty/base/arena.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/state/encoded_store.hpp"
#include "fealty/state/key_value.hpp"

namespace fealty::state {

/// One pass of a store over its changelog: gathers what comes and writes it in sorted portions,
/// each with the position up to which it goes, on threads aside while the next is gathered. They
/// are sorted beside each other; each counts once those before it do.
///
/// An empty store is filled without a look at what it holds, and without timers: those are made of
/// its members at the end. Until then it is marked, so that a pass cut short goes on likewise.
///
/// Owns:    what is gathered. Borrows the map. Threads: one caller; of the map's, writes beside
///          nothing of this store.
/// Errors:  the map's, of an earlier portion too; store_corrupt.
class Restoring {
 public:
  Restoring(KeyValue& map, std::shared_ptr<RestoreMemory> memory);
  ~Restoring();
  Restoring(const Restoring&) = delete;
  Restoring& operator=(const Restoring&) = delete;

  /// Asks the map whether it is empty, or was being filled.
  Result<void> begin();
  /// begin() found that an earlier pass did not end.
  [[nodiscard]] bool was_cut_short() const { return cut_short_; }
  /// An empty value erases.
  void put(std::string_view key, std::string_view value);
  /// What was put so far is a whole number of changelog records, up to `position`.
  Result<void> passed(std::uint64_t position);
  /// Writes the rest.
  Result<void> finish(std::uint64_t position);

 private:
  struct Portion {
    Arena arena{std::size_t{1} << 20U};
    std::vector<Write> writes;
    std::size_t bytes = 0, accounted = 0;
  };
  using Outcome = std::shared_future<Result<void>>;
  struct Writing {
    std::size_t bytes = 0;
    Outcome outcome;
  };
  void account(Portion& portion);
  void clear(Portion& portion);
  [[nodiscard]] std::size_t portion_bytes() const;
  Result<void> start_writing(std::uint64_t position);
  /// Until no more than so many are being written.
  Result<void> wait(std::size_t left);
  Result<void> write(Portion& portion, std::uint64_t position, const KeyValue::Turn& turn);
  Result<void> add_timers(Portion& portion);
  Result<void> make_timers(std::uint64_t position);
  static void put_timer(Portion& portion, Day day, std::string_view member, bool erase);

  KeyValue& map_;
  const std::shared_ptr<RestoreMemory> memory_;
  bool cut_short_ = false;
  bool fills_ = false;  // an empty store
  bool much_ = false;   // in more than one portion
  std::shared_ptr<Portion> gathered_ = std::make_shared<Portion>();
  std::deque<Writing> writing_;  // the oldest first
  std::size_t in_writing_ = 0;   // bytes
};

}  // namespace fealty::state
