#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <span>
#include <string_view>

#include "fealty/base/result.hpp"
#include "fealty/program/program.hpp"
#include "log_file.hpp"

namespace fealty::bench {

/// One pass over a log, on one thread.
struct Pass {
  double seconds = 0;
  double cpu_seconds = 0;      // the same where nothing else runs on the machine
  std::uint64_t events = 0;    // lines
  std::uint64_t refused = 0;   // of them: not JSON, or no event
  std::uint64_t checksum = 0;  // depends on every value read, so that no reading is left out
};

/// Adds the time since it was made to a pass.
class Timer {
 public:
  void stop(Pass& pass) const {
    pass.seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
    pass.cpu_seconds += cpu_now_s() - cpu_begun_s_;
  }

 private:
  static double cpu_now_s() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  }
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  double cpu_begun_s_ = cpu_now_s();
};

/// Plain simdjson On-Demand, independent of the decoder: one iterate() a line, every key visited
/// and every value read: texts unescaped, numbers converted, objects and arrays walked to their
/// end.
Pass parse_only(const LogFile& log);

/// The product's decoder on the same bytes: line -> Event, checked and hashed.
Pass decode(const LogFile& log);

/// What the core leaves behind in memory.
struct CorePass {
  Pass pass;
  std::uint64_t members = 0;
  std::uint64_t cache_bytes = 0;  // of decoded members, index included, all saved
};
/// The production Task on decoded events: members found in the cache, the topology applied, timers
/// fired. Excluded from the time: decoding (done in chunks before each), saving (to memory, every
/// half million events, as a replay would). Left out: the encoding of ledger entries and notices.
Result<CorePass> core(const LogFile& log, const program::Program& program);

/// "icelake": the simdjson kernel that finds the structure; and the one that reads values, which is
/// fixed when compiling.
std::string_view simdjson_kernel();
std::string_view simdjson_compiled_kernel();

}  // namespace fealty::bench
