#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fealty/ports/output.hpp"

namespace fealty::runtime {

/// A changelog of so many records in each partition, some of them a step. `tells`: how many are to
/// come.
class LongChangelog final : public ports::Changelog {
 public:
  LongChangelog(std::uint64_t records, std::uint64_t a_step, bool tells = false)
      : records_{records}, a_step_{a_step}, tells_{tells} {}

  std::vector<std::uint32_t> steps;    // of which partitions, in order
  std::optional<std::uint32_t> stuck;  // the partition of which nothing more comes

  Result<std::unique_ptr<Reader>> open(std::uint32_t partition, std::uint64_t position) override {
    return std::unique_ptr<Reader>{std::make_unique<Pass>(*this, partition, position)};
  }

 private:
  class Pass final : public Reader {
   public:
    Pass(LongChangelog& home, std::uint32_t partition, std::uint64_t position)
        : home_{home}, partition_{partition}, position_{position} {}
    Result<bool> step(Visitor& visitor, std::chrono::milliseconds) override {
      home_.steps.push_back(partition_);
      if (home_.stuck == partition_) return false;
      for (std::uint64_t i = 0; i < home_.a_step_ && position_ < home_.records_; ++i) {
        ++position_;
        if (auto applied = visitor.apply("key", "value"); !applied) return applied.error();
      }
      return position_ == home_.records_;
    }
    [[nodiscard]] std::uint64_t position() const override { return position_; }
    [[nodiscard]] std::uint64_t left() const override {
      return home_.tells_ ? home_.records_ - position_ : 0;
    }

   private:
    LongChangelog& home_;
    const std::uint32_t partition_;
    std::uint64_t position_;
  };

  const std::uint64_t records_, a_step_;
  const bool tells_;
};

}  // namespace fealty::runtime
