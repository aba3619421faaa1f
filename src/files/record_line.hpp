#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/arena.hpp"
#include "fealty/base/hash.hpp"
#include "fealty/ports/input.hpp"

namespace fealty::files {

/// Of record logs: what their headers say. A later one is refused.
inline constexpr std::uint64_t record_form = 1;

/// One line of a record log behind its header.
enum class RecordLine : std::uint8_t {
  record,   // a record, or an advance of the clock
  part,     // of the value of the record that follows
  header,   // of the next log
  end,      // of this one
  damaged,  // none of these
};

/// Reads lines of record logs. Threads: one.
class RecordLineReader {
 public:
  struct End {
    ports::Offset to = 0;
    std::uint64_t records = 0;
    std::string hash{};  // of the lines before it: see chained()
  };
  /// A record goes into `record`, whose offset and partition are left, its texts and what it is
  /// recorded with into `arena`. Parts are kept for the record behind them.
  RecordLine read(std::string_view line, Arena& arena, ports::InputRecord& record);
  /// Of the last line that was one.
  [[nodiscard]] const End& end() const { return end_; }
  /// Of what follows: from where it comes.
  void begin(std::string_view topic, std::uint32_t partition);
  /// Parts without their record are forgotten: reading goes on elsewhere.
  void forget_parts() { parts_.clear(); }

 private:
  bool take_record(const rapidjson::Value& object, Arena& arena, ports::InputRecord& record);
  bool take_headers(const rapidjson::Value& list, Arena& arena, ports::InputRecord& record);

  std::vector<char> text_;  // the line, parsed in place
  std::string parts_;
  std::string topic_;
  std::uint32_t partition_ = 0;
  End end_;
};

/// The hash of a log that ends with `line`, given that of the lines before it (0 = none).
inline std::uint64_t chained(std::uint64_t before, std::string_view line) {
  return hash64(line, before);
}
std::string hex(std::uint64_t value);  // 16 digits

/// RFC 4648, with padding.
void append_base64(std::string_view bytes, std::string& out);
/// False where it is none.
bool append_from_base64(std::string_view text, std::string& out);

}  // namespace fealty::files
