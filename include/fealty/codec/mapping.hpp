#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/base/units.hpp"
#include "fealty/codec/amount_format.hpp"
#include "fealty/codec/field.hpp"
#include "fealty/codec/key_table.hpp"
#include "fealty/codec/time_format.hpp"
#include "fealty/event/event.hpp"

namespace fealty::codec {

enum class Format : std::uint8_t { cloudevents, json, delimited };
/// What the lines of a refund say: `refunded` = these lines come back; `without_amount` = likewise,
/// but only where no amount is stated (Segment, whose lines may repeat the whole order); `all` =
/// they repeat the whole order, so they select nothing; `ignore` = not read.
enum class RefundLines : std::uint8_t { refunded, all, ignore, without_amount };
enum class Separator : std::uint8_t { comma, semicolon, tab, blanks, pipe };
[[nodiscard]] char character(Separator separator);
[[nodiscard]] std::optional<Separator> separator_of(char character);
/// What lets a field hold a separator or a line break: quotes (RFC 4180), nothing, or a backslash
/// (\t, \n, \\ and so on; \N = not stated), as databases write tab separated text. Fields set apart
/// by blanks know none of it.
enum class Quoting : std::uint8_t { rfc4180, none, backslash };

/// A path that stands for the record's position: "row-17".
inline constexpr std::string_view row_path = "row";

/// Where a field comes from, as written in a mapping file: the first path that yields a text or
/// number (not null, not empty), else `fallback`. Paths are dotted keys; "events[0].name" is the
/// only element of an array; for delimited text a column name or "#n" (0 = first column).
struct FieldSpec {
  Field field{};
  std::vector<std::string> paths;
  std::optional<std::string> fallback;
};

struct TypeSpec {
  event::Type type{};
  std::vector<std::string> names;  // on the wire
  std::vector<FieldSpec> fields;
  std::string lines_path;              // an array of objects; empty = none
  std::vector<FieldSpec> line_fields;  // relative to one of them
  RefundLines refund_lines = RefundLines::refunded;
};

/// A mapping file, read but not compiled.
struct MappingSpec {
  std::string name;
  Format format = Format::json;
  TimeReading times;
  std::vector<FieldSpec> envelope;  // id, source, type, member, time
  std::vector<TypeSpec> types;
  Currency default_currency;  // where a record states none
  bool strict = false;        // see Mapping
  AmountFormat amounts;
  // delimited text
  Separator separator = Separator::comma;
  Quoting quoting = Quoting::rfc4180;
  std::vector<std::string> columns;  // names, in the order of a line
  std::uint32_t header_lines = 0;    // at the top of each file
};

// The compiled form, for the decoder. One slot receives the raw token of one path.

/// One key of an object: what to do with its value. Each has a slot, which also tells a repeated
/// key.
struct Entry {
  std::uint8_t slot = 0;
  std::int16_t child = -1;     // node to descend into
  std::int16_t line_set = -1;  // an array of lines
  bool single = false;         // an array of one object, which is `child`
  bool raw = false;            // keep the text of the whole value
  bool scalar = false;         // a text, number or literal is welcome
  Field label{};               // what an error names
};
struct Node {
  KeyTable keys;
  std::vector<Entry> entries;
};
struct LineSet {
  std::int16_t node = -1;
  std::uint8_t slots = 0;
  std::string path;                // of the array
  std::vector<std::string> paths;  // of each slot, below a line
  std::vector<Field> labels;       // what an error of each names
};

inline constexpr std::size_t alternatives_max = 4;
/// A FieldSpec whose paths are slots.
struct Origin {
  std::array<std::uint8_t, alternatives_max> slots{};
  std::uint8_t count = 0;
  bool row = false;  // the row number, if no slot has a value
  bool has_fallback = false;
  std::string fallback;
};
using Origins = std::array<Origin, field_count>;

/// An object on the way to a field, or an array of one.
struct Holder {
  std::uint8_t slot = 0;
  char opens = '{';
  friend auto operator<=>(const Holder&, const Holder&) = default;
};

struct Rule {
  event::Type type{};
  RefundLines refund_lines = RefundLines::refunded;
  std::int16_t line_set = -1;
  std::uint8_t lines_slot = 0;  // that of the array, where line_set is not -1
  Origins fields;
  Origins line_fields;
  std::vector<std::uint8_t> ways;  // slots of all that it reads, and of the objects that hold it
  std::vector<Holder> holders;     // those objects
};

/// A path of a mapping: a slot of the record, or of a line of one of its sets. See
/// Mapping::path_of().
struct OddPath {
  static constexpr std::int16_t no_set = -1;
  std::int16_t line_set = no_set;
  std::int16_t slot = -1;  // -1 = a line as a whole
  friend auto operator<=>(const OddPath&, const OddPath&) = default;
};

/// A compiled mapping. Make one with compile() or cloudevents_mapping().
/// Owns: everything it names. Threads: any, read only.
struct Mapping {
  std::string name;
  Format format = Format::cloudevents;
  TimeReading times;
  /// For money whose record states no currency. A purchase in CloudEvents must state it all the
  /// same; a refund's amount may be read by this. The host may set it to the program's own
  /// currency.
  Currency default_currency;
  /// A field that may be left out and cannot be read refuses its record, and so does a line of an
  /// order, or another value where an object of fields belongs; else they are left out and told
  /// (Decoder::odd), as far as no amount or identity depends on them.
  bool strict = false;
  AmountFormat amounts;
  std::uint32_t header_line_count = 0;
  Separator separator = Separator::comma;
  Quoting quoting = Quoting::rfc4180;
  std::vector<std::string> columns;
  std::vector<std::int16_t> column_slots;  // -1 = not read

  std::vector<Node> nodes;  // [0] is the record
  std::vector<LineSet> line_sets;
  std::size_t slot_count = 0;
  std::vector<std::string> slot_paths;  // as written in the mapping, or a part of it
  std::vector<Field> slot_labels;       // what an error of each names
  Origins envelope;
  std::vector<std::uint8_t> envelope_ways;  // as Rule::ways
  KeyTable type_names;
  std::vector<std::uint16_t> type_rules;  // rule of each type name
  std::vector<Rule> rules;
  std::uint64_t fingerprint = 0;  // of the file it was read from, less comments; 0 = compiled in

  [[nodiscard]] std::string path_of(const OddPath& odd) const;
  /// Whether a line break may lie within a record.
  [[nodiscard]] bool breaks_within_quotes() const {
    return format == Format::delimited && quoting == Quoting::rfc4180 &&
           separator != Separator::blanks;
  }
  /// Lines at the top of each file that are no records.
  [[nodiscard]] std::uint32_t header_lines() const { return header_line_count; }
};

/// Errors: invalid_config with every fault in `detail`, one a line.
Result<Mapping> compile(const MappingSpec& spec);
/// The default: CloudEvents 1.0 JSON, structured or binary, with the data of DESIGN's event table.
Mapping cloudevents_mapping();
/// The mapping with its columns in the order of a file's header line. malformed_delimited where a
/// column is missing, named twice or unknown.
Result<Mapping> bind_header(Mapping mapping, std::string_view header_line);

}  // namespace fealty::codec
