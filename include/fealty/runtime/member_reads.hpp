#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fealty/ports/reads.hpp"
#include "fealty/runtime/machine_clock.hpp"

namespace fealty::runtime {

/// What one worker knows of a member.
struct Looked {
  std::optional<ports::ReadAnswer> found;
  /// Where it is not: partitions looked in, each with how far it had come.
  std::vector<ports::InputPosition> without;
  /// Kafka's partitioner would have put some of their keys elsewhere: it says nothing of a member.
  bool other_partitioner = false;
  std::optional<ports::ReadRefusal> refused;  // then nothing of the above holds
};

/// The reads that one worker was asked for: waiting until it looks, and held until what it saw is
/// committed.
///
/// Threads: ask() any; the rest is the worker's, between two batches.
class MemberReads {
 public:
  using Done = std::function<void(Looked)>;

  /// Calls `done` once, on a worker's thread, or at once where that is closed or has too much to
  /// do.
  void ask(ports::ReadRequest request, Done done);
  /// Nobody serves any more: what is left and what comes is answered `stopping`.
  void close();

  /// What a look depends on.
  enum class Rests : std::uint8_t {
    committed,  // on what is committed: goes out at once
    in_flight,  // on the commit in flight
    open,       // on the next one
    not_yet,    // it cannot be answered for now; Looked::refused may say why
  };
  using Look = std::function<Rests(const ports::ReadRequest&, Looked&)>;
  /// Looks for what waits. What cannot be answered is tried again, but not at each call.
  void serve(MachineClock::Steady now, const Look& look) {
    if (asked_.load(std::memory_order_relaxed) || !waiting_.empty() || !held_.empty()) {
      serve_some(now, look);
    }
  }
  /// What is open is in the commit that was prepared now.
  void prepared();
  /// The commit in flight is done.
  void committed();
  /// What was not committed is dropped, or partitions went: who waits for it is looked for again.
  void look_again();

 private:
  struct Asked {
    ports::ReadRequest request;
    Done done;
    std::string why_not{};  // as of the last look
  };
  struct Held {
    Asked asked;
    Looked looked;
    bool in_flight = false;
  };
  void serve_some(MachineClock::Steady now, const Look& look);
  void take_asked(MachineClock::Steady now);
  void drop_overdue(MachineClock::Steady now);

  std::mutex mutex_;  // guards the next two
  std::vector<Asked> incoming_;
  bool closed_ = false;
  std::atomic<bool> asked_ = false;  // incoming_ holds something

  std::vector<Asked> waiting_;
  std::vector<Held> held_;
  MachineClock::Steady look_again_at_{};
};

}  // namespace fealty::runtime
