#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/units.hpp"
#include "fealty/ports/input.hpp"

namespace fealty::cli {

/// A source, of which the first few records are kept: for a person who named the wrong format.
/// Borrows the source. Threads: as the source; first_records() once reading is over.
class SampledSource final : public ports::Source {
 public:
  explicit SampledSource(ports::Source& source) : source_{source} {}

  Result<void> open(ports::AssignmentListener& listener) override { return source_.open(listener); }
  Result<void> start_at(std::uint32_t partition, ports::Offset from) override {
    return source_.start_at(partition, from);
  }
  Result<ports::Polled> poll(ports::InputBatch& batch, std::size_t records_max,
                             std::chrono::milliseconds timeout) override;
  [[nodiscard]] bool one_clock() const override { return source_.one_clock(); }
  [[nodiscard]] std::string describe(std::uint32_t partition, ports::Offset offset) const override {
    return source_.describe(partition, offset);
  }
  [[nodiscard]] const std::vector<std::string>& first_records() const { return records_; }

 private:
  ports::Source& source_;
  std::vector<std::string> records_;
};

/// The presets but `given` that understand most of `records`, the best first.
std::vector<std::string> presets_that_read(const std::vector<std::string>& records,
                                           std::string_view given, Currency currency);

}  // namespace fealty::cli
