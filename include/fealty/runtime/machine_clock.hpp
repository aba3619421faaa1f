#pragma once

#include <chrono>
#include <functional>

#include "fealty/base/time.hpp"

namespace fealty::runtime {

/// This machine's time, for what no event decides: how long ago, and whether an idle partition's
/// day is over. A simulation gives its own.
struct MachineClock {
  using Steady = std::chrono::steady_clock::time_point;
  std::function<Steady()> steady = [] { return std::chrono::steady_clock::now(); };
  std::function<EventTime()> wall = [] {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
  };
};

}  // namespace fealty::runtime
