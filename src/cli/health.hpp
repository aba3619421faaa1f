#pragma once

#include <chrono>
#include <string>

namespace fealty::cli {

/// Touches the health file at most once a second: a container's health check looks at its age.
/// Threads: one.
class Health {
 public:
  /// Empty: no file.
  explicit Health(std::string file) : file_{std::move(file)} {}
  void alive();

 private:
  std::string file_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace fealty::cli
