#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fealty/files/record_log.hpp"
#include "fealty/ports/input.hpp"

namespace fealty::files {

/// The headers of `logs` (as FileSourceOptions::logs), of which all are record logs, or none. Empty
/// where none is. usage: some are, or they are not ranges of one partition that follow each
/// other, made with the same program and mapping. "-" is no record log: what it is can't be known.
Result<std::vector<RecordHeader>> record_headers(const std::vector<std::string>& logs);

/// Record logs as a Source: the lines of another one, each unpacked into the record that it holds.
/// Offsets are those of lines; header, end and parts of values are passed over.
///
/// Owns:    nothing of the lines' source, which must outlive it.
/// Threads: as that one.
/// Errors:  its own; input_corrupt for a line that is damaged and for a log without its end, once
///          all before it was delivered.
class RecordedSource final : public ports::Source {
 public:
  RecordedSource(ports::Source& lines, const RecordHeader& first);
  ~RecordedSource() override;

  Result<void> open(ports::AssignmentListener& listener) override;
  Result<void> start_at(std::uint32_t partition, ports::Offset from) override;
  Result<ports::Polled> poll(ports::InputBatch& batch, std::size_t records_max,
                             std::chrono::milliseconds timeout) override;
  [[nodiscard]] bool one_clock() const override;
  [[nodiscard]] std::string describe(std::uint32_t partition, ports::Offset offset) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fealty::files
