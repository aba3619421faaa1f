#include "sim_changelog.hpp"

#include <algorithm>
#include <optional>

#include "fealty/base/check.hpp"

namespace fealty::simulation {

class SimChangelog::PartitionReader final : public ports::Changelog::Reader {
 public:
  PartitionReader(SimChangelog& home, std::uint32_t partition, std::uint64_t position)
      : home_{home}, partition_{partition}, next_{position} {
    check(home_.open_.insert(partition).second, "one reader a partition at a time");
  }
  ~PartitionReader() override { home_.open_.erase(partition_); }

  Result<bool> step(Visitor& visitor, std::chrono::milliseconds) override {
    if (done_) return true;
    PartitionLog& log = home_.process_.cluster().topics().changelog(partition_);
    const std::uint64_t most = 1 + home_.process_.world().pick(60);
    for (std::uint64_t count = 0; count < most; ++count) {
      if (count % 8 == 0) home_.process_.at(Call::restore_step);
      if (const LogRecord* const record = log.next(next_, log.stable())) {
        next_ = record->offset + 1;
        if (record->value.empty() && home_.process_.cluster().bug() == Bug::tombstones_ignored) {
          continue;
        }
        if (auto applied = visitor.apply(record->key, record->value); !applied) {
          return applied.error();
        }
        continue;
      }
      // All that is stable; behind it something may be open.
      next_ = std::max(next_, log.stable());
      if (!end_) end_ = log.high();
      if (next_ >= *end_) {
        done_ = true;
        if (home_.seen_) home_.seen_(partition_, next_);
        return true;
      }
      home_.process_.world().sleep(20);
      return false;
    }
    return false;
  }
  [[nodiscard]] std::uint64_t position() const override { return next_; }

 private:
  SimChangelog& home_;
  const std::uint32_t partition_;
  Offset next_;
  std::optional<Offset> end_;
  bool done_ = false;
};

Result<std::unique_ptr<ports::Changelog::Reader>> SimChangelog::open(std::uint32_t partition,
                                                                     std::uint64_t position) {
  process_.at(Call::restore_open);
  PartitionLog& log = process_.cluster().topics().changelog(partition);
  if (position < log.low() || position > log.high()) {
    return Error{Errc::input_gap, "simulated.changelog",
                 "the store stands at " + std::to_string(position) + ", held are " +
                     std::to_string(log.low()) + " to " + std::to_string(log.high())};
  }
  return std::unique_ptr<Reader>{std::make_unique<PartitionReader>(*this, partition, position)};
}

}  // namespace fealty::simulation
