#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"

namespace fealty::state {

/// One thing that is wrong with a state directory, and where: what is not known is empty.
struct Fault {
  enum class Kind : std::uint8_t {
    damaged,    // bytes that cannot be read, or are not what was written
    different,  // bytes that can be read, and contradict each other or the changelog
  };
  Kind kind = Kind::different;
  std::optional<std::uint32_t> partition{};
  std::string file{};    // within the directory
  std::string member{};  // id
  std::string key{};     // what is concerned: "ledger entry 7", "order A-1", "timer"
  std::string problem{};
};

/// Faults as they are found: the first ones kept, all counted. Threads: one.
class Faults {
 public:
  explicit Faults(std::size_t kept_max) : kept_max_{kept_max} {}

  void add(Fault fault);
  /// What a read answered, as the fault that it is: bytes that do not decode, a block whose
  /// checksum is wrong, a disk that does not answer.
  void add(const Error& error, std::optional<std::uint32_t> partition, std::string key = {},
           std::string member = {});

  [[nodiscard]] const std::vector<Fault>& kept() const { return kept_; }
  [[nodiscard]] std::size_t damaged() const { return damaged_; }
  [[nodiscard]] std::size_t different() const { return different_; }
  [[nodiscard]] bool empty() const { return damaged_ + different_ == 0; }

 private:
  const std::size_t kept_max_;
  std::vector<Fault> kept_;
  std::size_t damaged_ = 0, different_ = 0;
};

}  // namespace fealty::state
