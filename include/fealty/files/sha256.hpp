#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace fealty::files {

/// SHA-256 of bytes as they come along. Owns: its state. Threads: one at a time. Errors: none.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  /// Of everything so far: 64 lower-case hex digits. More may follow.
  [[nodiscard]] std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fealty::files
