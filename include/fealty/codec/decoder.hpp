#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "fealty/base/arena.hpp"
#include "fealty/base/result.hpp"
#include "fealty/codec/mapping.hpp"
#include "fealty/event/event.hpp"
#include "fealty/event/header.hpp"

namespace fealty::codec {

/// Readable bytes needed behind every JSON text given to decode() (simdjson::SIMDJSON_PADDING).
inline constexpr std::size_t padding_bytes = 64;
/// Longer records are refused as record_too_large without being parsed.
inline constexpr std::size_t record_bytes_max = std::size_t{1024} * 1024;
/// Deeper nesting is refused as too_deep.
inline constexpr std::size_t depth_max = 64;

struct DecoderOptions {
  /// Learn what records look like, and capture those of a known shape without parsing them. It
  /// changes no answer; without, there is the parse alone, by which tests judge.
  bool shapes = true;
  /// A refund or cancellation may leave its member out: it names an order, and whoever asked for
  /// this knows whose that is. The member of such an event is empty.
  bool member_by_order = false;
};

/// What a record is called that says nothing by itself: an id of last resort, where the mapping
/// says so.
struct RecordName {
  std::uint64_t row = 0;  // "row-17": by its position in the one input
  std::string_view text;  // this instead, unless empty: where there are several inputs
};

/// Bytes -> Event, in one parse, without a DOM, by a mapping. A warm decoder does not allocate.
///
/// Owns:    a simdjson parser, the shapes of records seen lately, and scratch space. Borrows the
/// mapping (must outlive it). Threads: one at a time; one decoder a thread. Errors:  any Errc up to
/// unknown_type / malformed_delimited, with the field; never throws.
class Decoder {
 public:
  explicit Decoder(const Mapping& mapping, DecoderOptions options = {});
  ~Decoder();
  Decoder(Decoder&&) noexcept;

  /// Decodes one record. `record` must have padding_bytes readable bytes behind it (content free)
  /// and, with `arena`, must outlive the event: texts point into either. `headers` may be empty.
  /// `row` is the record's position in its input: id of last resort where the mapping says so.
  /// Fills `event` on success; leaves it unspecified on error.
  Result<void> decode(std::string_view record, std::span<const event::Header> headers,
                      std::uint64_t row, Arena& arena, event::Event& event) {
    return decode(record, headers, RecordName{row, {}}, arena, event);
  }
  Result<void> decode(std::string_view record, std::span<const event::Header> headers,
                      const RecordName& name, Arena& arena, event::Event& event);

  /// What could not be read of the record decoded last, and was left out of its event: see
  /// Mapping::strict. Until the next call.
  [[nodiscard]] std::span<const OddPath> odd() const;
  /// How many records were captured by their shape so far.
  [[nodiscard]] std::uint64_t by_shape() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fealty::codec
