#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/program/program.hpp"

/// A small reader over a YAML document that collects every fault instead of stopping at the first.
/// Errors: none is thrown; each goes to a Faults list with its place. YAML anchors are refused.
namespace fealty::config {

/// A place in a file, 1-based; line 0 = no place in it (an override from outside, or the whole
/// file).
struct Place {
  int line = 0;
  int column = 0;
  std::string origin;  // replaces the file's name where set: "--set", "FEALTY_KAFKA__BROKERS"
};

/// Everything wrong with one file, in the order of its lines.
class Faults {
 public:
  explicit Faults(std::string file) : file_{std::move(file)} {}
  /// Adds "file:line:col: key: problem", made printable; `key` may be empty.
  void add(const Place& place, std::string_view key, std::string_view problem);
  [[nodiscard]] bool empty() const { return faults_.empty(); }
  [[nodiscard]] std::size_t size() const { return faults_.size(); }
  /// One line a fault, sorted by place.
  [[nodiscard]] std::vector<std::string> lines() const;
  /// Error{invalid_config, `field`, all lines joined by newlines}. `field` has static lifetime.
  [[nodiscard]] Error error(std::string_view field) const;

 private:
  struct Fault {
    int line, column;
    std::string text;
  };
  std::string file_;
  std::vector<Fault> faults_;
};

/// A node of the document. Values, freely copied and changed.
struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };
  struct Member;
  Kind kind = Kind::null;
  Place place;
  std::string text;             // scalar
  bool quoted = false;          // scalar written in quotes: always text
  std::vector<Node> items;      // list
  std::vector<Member> members;  // map, in the order of the file, keys distinct
  /// The member of a map, nullptr where there is none.
  [[nodiscard]] const Node* find(std::string_view key) const;
};
struct Node::Member {
  std::string key;
  Place place;  // of the key
  Node value;
};

/// The one document in `text`; an empty text is an empty map. Faults: syntax errors with their
/// position, duplicate keys, keys that are no scalars, anchors, more than one document.
std::optional<Node> parse_yaml(std::string_view text, Faults& faults);
/// The same from a file; its name is what `faults` carries. A file that cannot be read is a fault.
std::optional<Node> read_yaml(const std::string& file, Faults& faults);
/// Sets the scalar at a dotted path ("kafka.brokers"), making the maps on the way; `origin` is what
/// faults will name as its place. For --set and environment variables. The last of `keys_max` keys is
/// the rest of the path, dots included.
void set_at(Node& root, std::string_view path, std::string_view text, std::string_view origin,
            std::size_t keys_max = static_cast<std::size_t>(-1));

/// The candidate that `word` most likely meant, or empty: edit distance at most 1 + length / 4.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);
/// ", did you mean 'x'?" or empty.
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);

class Map;

/// A node with its key path ("earn.rules[2].weight"), for reading as some type. Each reader returns
/// nullopt after it has added a fault.
/// Borrows: the node and the faults.
class Value {
 public:
  Value(const Node& node, std::string path, Faults& faults)
      : node_{&node}, path_{std::move(path)}, faults_{&faults} {}
  [[nodiscard]] std::optional<std::string> text() const;  // never empty
  [[nodiscard]] std::optional<bool> boolean() const;      // true, false
  [[nodiscard]] std::optional<std::int64_t> integer(std::int64_t min, std::int64_t max) const;
  /// Plain decimal text as a double, min <= value <= max.
  [[nodiscard]] std::optional<double> number(double min, double max) const;
  /// Exact: "2", "1.25", "-3/4", "1.5e-2"; at most 9 decimals, |numerator| at most rational_max.
  [[nodiscard]] std::optional<program::Rational> rational() const;
  /// "30d", "5m", "100ms", "2h", "90s", "1w"; a bare number is refused, but for 0.
  [[nodiscard]] std::optional<std::chrono::milliseconds> duration(
      std::chrono::milliseconds min, std::chrono::milliseconds max) const;
  /// Index of the text in `names`.
  [[nodiscard]] std::optional<std::size_t> choice(std::span<const std::string_view> names) const;
  [[nodiscard]] std::vector<Value> list() const;  // empty after a fault
  /// A list of texts, or one text alone.
  [[nodiscard]] std::vector<std::string> texts() const;
  [[nodiscard]] std::optional<Map> map() const;

  void fault(std::string_view problem) const;
  [[nodiscard]] const Node& node() const { return *node_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  friend class Map;
  const Node* node_;
  std::string path_;
  Faults* faults_;
};

/// Exact numbers in configuration: the value, and a fraction's two parts, are at most this.
inline constexpr std::int64_t rational_max = 900'000'000;

/// A map whose keys are asked for by name. finish() refuses what nobody asked for.
class Map {
 public:
  explicit Map(const Value& value) : value_{value} {}
  [[nodiscard]] std::optional<Value> get(
      std::string_view key);  // absent or null: nullopt, no fault
  [[nodiscard]] std::optional<Value> require(std::string_view key);
  /// Keys in the order of the file, for maps whose keys are data. They count as asked for.
  [[nodiscard]] std::vector<std::string> keys();

  // What Value reads, for a key that may be absent (then nullopt without a fault).
  std::optional<std::string> text(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
  std::optional<double> number(std::string_view key, double min, double max);
  std::optional<program::Rational> rational(std::string_view key);
  std::optional<std::chrono::milliseconds> duration(std::string_view key,
                                                    std::chrono::milliseconds min,
                                                    std::chrono::milliseconds max);
  std::optional<std::size_t> choice(std::string_view key, std::span<const std::string_view> names);
  std::vector<std::string> texts(std::string_view key);
  std::vector<Value> list(std::string_view key);
  std::optional<Map> map(std::string_view key);

  /// Adds a fault for each key that was never asked for, with a suggestion.
  void finish() const;
  void fault(std::string_view problem) const { value_.fault(problem); }
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  Value value_;
  std::vector<std::string> asked_;
};

}  // namespace fealty::config
