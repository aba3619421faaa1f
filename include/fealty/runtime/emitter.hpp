#pragma once

#include <cstdint>
#include <string_view>

#include "fealty/member/effects.hpp"
#include "fealty/member/record.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/runtime/counters.hpp"
#include "fealty/runtime/topology.hpp"

namespace fealty::runtime {

/// Writes effects to the output streams, and counts them.
///
/// Borrows `outputs`. Threads: one.
class Emitter {
 public:
  Emitter(const MemberOutputs& outputs, std::uint32_t partition)
      : outputs_{outputs}, partition_{partition} {}

  void emit(const member::Effects& effects, std::string_view member, ports::OutputBuffer& out);
  /// The level announced to the member was another one before.
  void count_level(std::uint8_t before, std::uint8_t after);
  void count_new_member();

  [[nodiscard]] Counters& counters() { return counters_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  void count(const member::LedgerEntry& entry);

  const MemberOutputs& outputs_;
  const std::uint32_t partition_;
  Counters counters_;
};

}  // namespace fealty::runtime
