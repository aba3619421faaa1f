#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace fealty::ports {

/// An output stream: its place in its topology's table, which alone says what streams there are.
enum class Stream : std::uint8_t {};

/// How a stream's records may be cleaned up.
enum class Cleanup : std::uint8_t {
  by_age,   // each is a fact of its own
  compact,  // the newest of a key stands for all before it
};
/// Which partition a record goes to.
enum class Placement : std::uint8_t {
  by_key,
  as_input,  // that of the input record: what a partition's owner reads back
  as_given,  // that which its writer names, of the stream's own: likewise
};
struct StreamSpec {
  std::string_view name;  // of the topic behind the prefix, and of the file before .ndjson
  std::string_view key;   // what its records are keyed by, for people; empty = nothing
  Cleanup cleanup = Cleanup::by_age;
  Placement placement = Placement::by_key;
  bool to_files = true;  // a replay of recorded logs writes it
};
/// Of static lifetime; a stream's number is its place.
using StreamTable = std::span<const StreamSpec>;

inline const StreamSpec& spec_of(StreamTable table, Stream stream) {
  return table[static_cast<std::size_t>(stream)];
}
/// The stream that is read back, as saved versions are: the one not placed by key. The table's size
/// where there is none.
inline std::size_t changelog_of(StreamTable table) {
  std::size_t at = 0;
  while (at < table.size() && table[at].placement == Placement::by_key) ++at;
  return at;
}

}  // namespace fealty::ports
