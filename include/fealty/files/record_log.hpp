#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/ports/input.hpp"
#include "fealty/ports/member_store.hpp"

/// A range of one partition of a topic as a log: one JSON object a line. First the header; then
/// records and advances of the clock, as they came; last the end, without which a log is cut.
///
/// {"fealty_record":1,"topic":"events","partition":0,"partitions":4,"from":0,"to":9,...}
/// {"offset":0,"timestamp":1700000000000,"key":"anna","headers":[["ce_id","7"]],"value":"{...}"}
/// {"advance":1,"clock_ms":1700086400000}
/// {"end":9,"records":1,"hash":"0123456789abcdef"}
///
/// Bytes that are no UTF-8 are base64, under key_base64 and so on. A value too long for a line
/// comes in parts, {"part_base64":"..."}, on lines before its record, whose own value is the rest.
/// The hash is XXH3 of each line before, with that of those before it as its seed.
namespace fealty::files {

/// What a log says of itself.
struct RecordHeader {
  std::string topic{};
  std::uint32_t partition = 0, partitions = 0;  // of the topic
  ports::Offset from = 0, to = 0;               // [from, to) is what was asked for
  /// Whether it holds what a worker decided beside the records: advances of the clock, records
  /// refused, generations.
  bool timeline = false;
  std::string mapping{};  // name or file, as the service has it
  std::uint64_t mapping_fingerprint = 0;
  bool key_check = false;  // records whose key is not their member are refused
  std::string program_id{};
  std::vector<ports::Generation> generations{};  // adopted, ascending
  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

/// nullopt: the line is no header. input_corrupt: it is one, but not whole, or of a later form.
Result<std::optional<RecordHeader>> read_record_header(std::string_view line);

/// Writes one. The file appears under its name once it is whole.
/// Threads: one. Errors: output_unwritable.
class RecordLogWriter {
 public:
  static Result<RecordLogWriter> create(const std::string& path, const RecordHeader& header);
  RecordLogWriter(RecordLogWriter&& other) noexcept;
  RecordLogWriter& operator=(RecordLogWriter&&) = delete;
  ~RecordLogWriter();

  /// `refused`: by the clock of the machine that had read it.
  Result<void> add(const ports::InputRecord& record, bool refused);
  /// Before the record at `position` a clock moved on while none came.
  Result<void> advance(ports::Offset position, EventTime time);
  /// Returns the number of records.
  Result<std::uint64_t> finish();

 private:
  struct Impl;
  explicit RecordLogWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fealty::files
