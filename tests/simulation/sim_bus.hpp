#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "fealty/ports/input.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/topologies/members.hpp"

namespace fealty::simulation {

/// Thrown where the simulated process dies. Nothing catches it but the test.
struct Crash {};

/// Every place where a run can be cut, in the order in which a commit passes them.
enum class Step : std::uint8_t {
  poll,
  append,
  append_abort,
  commit_begin,
  commit_abort,
  commit_end,
  store_save,
  store_saved,
  store_load,
  store_find_rows,
};
inline constexpr Step all_steps[]{Step::poll,           Step::append,       Step::append_abort,
                                  Step::commit_begin,   Step::commit_abort, Step::commit_end,
                                  Step::store_save,     Step::store_saved,  Step::store_load,
                                  Step::store_find_rows};

/// Decides, each time a run passes a step, whether it is cut there. Threads: any.
class Faults {
 public:
  /// Cuts at the `nth` time (from 1) that `step` is passed; 0 = never.
  void cut_at(Step step, std::uint64_t nth) { plan_[step] = nth; }
  bool now(Step step) {
    const std::lock_guard lock{mutex_};
    const std::uint64_t count = ++passed_[step];
    const auto planned = plan_.find(step);
    return planned != plan_.end() && planned->second != 0 && planned->second == count;
  }

 private:
  std::mutex mutex_;
  std::map<Step, std::uint64_t> plan_, passed_;
};

/// A partition that goes while the worker polls, and comes back at a later poll.
struct Rebalance {
  std::uint64_t goes_at = 0, comes_at = 0;  // number of the poll, from 1
  std::uint32_t partition = 0;
  bool lost = false;
};

/// A log with real transaction semantics, in memory: what outlives the process.
struct SimLog {
  std::vector<std::vector<std::string>> input;  // by partition
  std::vector<event::Offset> committed;         // by partition; valid where !fresh
  std::vector<bool> fresh;
  std::vector<std::string> notes;  // by partition, of the last commit
  std::vector<std::vector<std::pair<std::string, std::string>>> changelog;  // by partition
  std::map<ports::Stream, std::vector<std::pair<std::string, std::string>>> outputs;
  std::map<event::Offset, ports::Recorded>
      recorded;  // of a recorded log, where there is more to say

  explicit SimLog(std::vector<std::vector<std::string>> records)
      : input{std::move(records)},
        committed(input.size(), 0),
        fresh(input.size(), true),
        notes(input.size()),
        changelog(input.size()) {}
};

/// Source, sink and changelog over a SimLog, for one life of a process.
class SimBus final : public ports::Source, public ports::Sink, public ports::Changelog {
 public:
  /// `file_partitions` > 0: the log is a file with one list of records and one clock, spread over
  /// so many tasks; else each list is a partition with a clock of its own.
  SimBus(SimLog& log, Faults& faults, std::uint32_t file_partitions,
         std::vector<Rebalance> rebalances)
      : log_{log},
        faults_{faults},
        file_partitions_{file_partitions},
        rebalances_{std::move(rebalances)},
        at_(log.input.size(), 0),
        held_(log.input.size(), true),
        started_(log.input.size(), false) {
    if (file_partitions_ > 0) at_[0] = ~ports::Offset{0};
  }

  Result<void> open(ports::AssignmentListener& listener) override {
    listener_ = &listener;
    std::vector<ports::Assignment> assigned;
    for (std::uint32_t p = 0; p < file_partitions_; ++p) {
      assigned.push_back({p, log_.committed[0], log_.fresh[0], log_.notes[0]});
    }
    for (std::uint32_t p = 0; file_partitions_ == 0 && p < log_.input.size(); ++p) {
      assigned.push_back({p, log_.committed[p], log_.fresh[p], log_.notes[p]});
    }
    return listener.on_assigned(assigned);
  }
  Result<void> start_at(std::uint32_t partition, ports::Offset from) override {
    if (file_partitions_ > 0) {
      at_[0] = std::min(at_[0], from);
    } else {
      at_[partition] = from;
      started_[partition] = true;
    }
    return {};
  }
  Result<ports::Polled> poll(ports::InputBatch& batch, std::size_t records_max,
                             std::chrono::milliseconds) override {
    batch.clear();
    if (records_max == 0) return ports::Polled::idle;
    cut(Step::poll);
    ++polls_;
    for (const Rebalance& rebalance : rebalances_) {
      if (auto done = rebalanced(rebalance); !done) return done.error();
    }
    for (std::size_t tried = 0; tried < log_.input.size() && batch.records.empty(); ++tried) {
      turn_ = (turn_ + 1) % log_.input.size();
      const auto& records = log_.input[turn_];
      while (held_[turn_] && (file_partitions_ > 0 || started_[turn_]) &&
             at_[turn_] < records.size() && batch.records.size() < records_max) {
        take(batch, static_cast<std::uint32_t>(turn_), at_[turn_]++);
      }
    }
    if (!batch.records.empty()) return ports::Polled::records;
    const bool all = std::all_of(held_.begin(), held_.end(), [](bool held) { return held; }) &&
                     (file_partitions_ > 0 || std::all_of(started_.begin(), started_.end(),
                                                          [](bool started) { return started; }));
    return all ? ports::Polled::ended : ports::Polled::idle;
  }
  [[nodiscard]] bool one_clock() const override { return file_partitions_ > 0; }
  [[nodiscard]] std::string describe(std::uint32_t partition, ports::Offset offset) const override {
    if (file_partitions_ > 0) return "sim:" + std::to_string(offset);
    return "sim[" + std::to_string(partition) + "]@" + std::to_string(offset);
  }

  Result<void> append(const ports::OutputBuffer& out) override {
    cut(Step::append);
    if (faults_.now(Step::append_abort)) return Error{Errc::transaction_aborted, "simulated"};
    for (const auto& item : out.items()) {
      pending_.push_back({item, std::string{out.key(item)}, std::string{out.value(item)}});
    }
    return {};
  }
  Result<void> commit(std::span<ports::CommitPosition> positions) override {
    cut(Step::commit_begin);
    if (faults_.now(Step::commit_abort)) return Error{Errc::transaction_aborted, "simulated"};
    for (const ports::CommitPosition& position : positions) {
      if (file_partitions_ == 0 && !held_[position.partition]) {
        return Error{Errc::transaction_aborted, "generation"};
      }
    }
    for (auto& [item, key, value] : pending_) {
      if (item.stream == topologies::streams::changelog) {
        log_.changelog[item.partition].emplace_back(key, value);
      } else {
        log_.outputs[item.stream].emplace_back(key, value);
      }
    }
    pending_.clear();
    for (ports::CommitPosition& position : positions) {
      const std::uint32_t list = file_partitions_ > 0 ? 0 : position.partition;
      log_.committed[list] = position.committed;
      log_.fresh[list] = false;
      log_.notes[list] = position.note;
      position.changelog_position = log_.changelog[list].size();
    }
    cut(Step::commit_end);
    return {};
  }
  Result<void> abort() override {
    pending_.clear();
    return {};
  }
  Result<std::unique_ptr<Reader>> open(std::uint32_t partition, std::uint64_t position) override {
    return std::unique_ptr<Reader>{new SimReader{log_.changelog[partition], position}};
  }

 private:
  class SimReader final : public Reader {
   public:
    using Records = std::vector<std::pair<std::string, std::string>>;
    SimReader(const Records& records, std::uint64_t position)
        : records_{records}, position_{position} {}
    Result<bool> step(Visitor& visitor, std::chrono::milliseconds) override {
      for (; position_ < records_.size(); ++position_) {
        const auto& [key, value] = records_[position_];
        if (auto applied = visitor.apply(key, value); !applied) return applied.error();
      }
      return true;
    }
    [[nodiscard]] std::uint64_t position() const override { return position_; }

   private:
    const Records& records_;
    std::uint64_t position_;
  };
  struct Pending {
    ports::OutputBuffer::Item item;
    std::string key, value;
  };
  void cut(Step step) {
    if (faults_.now(step)) throw Crash{};
  }
  Result<void> rebalanced(const Rebalance& rebalance) {
    const std::uint32_t partition = rebalance.partition;
    if (polls_ == rebalance.goes_at && held_[partition]) {
      if (rebalance.lost) held_[partition] = false;
      auto outcome = listener_->on_revoked({&partition, 1}, rebalance.lost);
      if (!outcome && !rebalance.lost) {
        static_cast<void>(listener_->on_revoked({&partition, 1}, true));
      }
      held_[partition] = started_[partition] = false;
      return outcome;
    }
    if (polls_ >= rebalance.comes_at && !held_[partition]) {
      held_[partition] = true;
      const ports::Assignment back{partition, log_.committed[partition], log_.fresh[partition],
                                   log_.notes[partition]};
      return listener_->on_assigned({&back, 1});
    }
    return {};
  }
  void take(ports::InputBatch& batch, std::uint32_t partition, event::Offset offset) const {
    const std::string& bytes = log_.input[partition][offset];
    constexpr std::size_t padding = 64;
    char* copy = batch.arena.allocate(bytes.size() + padding);
    std::copy(bytes.begin(), bytes.end(), copy);
    batch.records.push_back(
        {.partition = file_partitions_ > 0 ? ports::unassigned_partition : partition,
         .offset = offset,
         .value = {copy, bytes.size()},
         .headers = {},
         .timestamp_ms = -1,
         .unterminated = false});
    const auto more = log_.recorded.find(offset);
    if (more != log_.recorded.end()) batch.records.back().recorded = &more->second;
  }

  SimLog& log_;
  Faults& faults_;
  const std::uint32_t file_partitions_;
  const std::vector<Rebalance> rebalances_;
  ports::AssignmentListener* listener_ = nullptr;
  std::uint64_t polls_ = 0;
  std::vector<ports::Offset> at_;
  std::vector<bool> held_;  // by list of the input
  std::vector<bool> started_;
  std::size_t turn_ = 0;
  std::vector<Pending> pending_;
};

}  // namespace fealty::simulation
