#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "trace.hpp"

namespace fealty::codec {

/// The shapes of records seen lately. Two records are of one shape where they differ in nothing but
/// their scalars: a shape is the text before, between and behind them, and where each of them goes.
/// A record of a known shape is captured without being parsed: its text is compared with the
/// shape's, and each scalar is held to be one.
///
/// What it captures is what Walk captures of the same record, and it captures none that Walk
/// refuses: whatever it is not sure of (an escape, a value of another kind) it leaves to Walk.
///
/// Owns: a tree of shapes, bounded and allocated at once; what shapes begin with alike is there
/// once. Threads: one at a time.
class Shapes {
 public:
  explicit Shapes(Captured& captured);

  /// True where the record is of a known shape, and captured. Else nothing has changed. `record`
  /// has padding_bytes readable bytes behind it.
  bool capture(std::string_view record);
  /// What Walk is to note of a record that was not captured; nullptr where nothing more is learned.
  Trace* begin_learning();
  /// The record that was walked is of a shape worth knowing: it was accepted, without an escape.
  void learn(std::string_view record);

  static constexpr std::size_t steps_max = 2048;   // of all shapes
  static constexpr std::size_t scalars_max = 96;   // of a record
  static constexpr std::size_t siblings_max = 32;  // shapes that go on from one text
  static constexpr std::size_t text_max = 512;     // between two scalars
  static constexpr std::size_t text_bytes_max = std::size_t{64} << 10U;  // of all shapes

 private:
  using Index = std::uint16_t;
  static constexpr Index none = 0xffff;

  /// A text, and the scalar behind it.
  struct Step {
    std::uint32_t text = 0;  // in texts_, filled up with zeros to whole words
    std::uint16_t size = 0;
    std::uint16_t note = 0, notes = 0;  // what Walk noted within the text
    Place place;                        // of the scalar
    bool last = false;   // no scalar follows, and no other text
    Index first = none;  // of the steps that may follow; the longest text comes first
    Index next = none;   // sibling
  };
  struct Note {
    Trace::What what{};
    std::uint16_t at = 0;  // in the text
    Place place;
  };
  struct Match {
    Index step = none;
    const char* at = nullptr;  // its text in the record
    Token scalar;
  };

  [[nodiscard]] bool is(const Step& step, const char* at, const char* end) const;
  [[nodiscard]] Index find(Index step, const char* at, const char* end) const;
  bool missed();
  void apply(std::size_t count);
  Index add(Index parent, std::string_view text, const Trace::Item& item);
  void forget();

  Captured& captured_;
  Trace trace_;
  std::vector<Step> steps_;  // [0] comes before every record
  std::vector<Note> notes_;
  std::vector<char> texts_;
  std::array<Match, scalars_max + 1> matches_;
  bool full_ = false;
  std::size_t missed_in_a_row_ = 0;
  std::size_t missed_full_ = 0, forget_after_;
};

}  // namespace fealty::codec
