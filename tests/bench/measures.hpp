#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fealty/base/result.hpp"
#include "fealty/program/program.hpp"
#include "log_file.hpp"

namespace fealty::bench {

/// One pass over a log.
struct Pass {
  double seconds = 0;
  std::uint64_t events = 0;    // lines
  std::uint64_t refused = 0;   // of them: not JSON, or no event
  std::uint64_t checksum = 0;  // depends on every value read, so that no reading is left out
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
