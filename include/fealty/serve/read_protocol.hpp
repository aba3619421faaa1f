#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/ports/reads.hpp"

/// Reads over a stream of bytes. A request is one line, a JSON object:
///
///   {"read":"member","id":"anna"}
///   {"read":"ledger","id":"anna","from_seq":1,"limit":100,"stale":true,"timeout_ms":2000,
///    "at_least":{"partition":3,"position":18}}
///
/// where all but the first two may be left out. Its answer is a line with "lines": N in it, and N
/// lines behind that, the member or its ledger entries as JSON:
///
///   {"partition":3,"position":18,"stale":false,"clock":"2026-03-01T10:00:00Z","next_seq":0,"lines":1}
///   {"error":"unknown_member","message":"as of partition 3 at input position 18","lines":0}
namespace fealty::serve {

inline constexpr std::size_t request_bytes_max = std::size_t{16} << 10U;
inline constexpr std::chrono::milliseconds timeout_default{10'000}, timeout_max{600'000};

struct TimedRequest {
  ports::ReadRequest request;  // but for its deadline
  std::chrono::milliseconds timeout = timeout_default;
};

/// With its line end.
std::string encode_request(const TimedRequest& timed);
/// Errors: usage, whose detail says what is wrong with the line.
Result<TimedRequest> decode_request(std::string_view line);

/// The header line and what follows it, with line ends.
std::string encode_outcome(const ports::ReadOutcome& outcome, bool stale);
/// To a line that is no request.
std::string encode_bad_request(std::string_view message);

/// An answer's first line.
struct OutcomeHead {
  ports::ReadAnswer answer;  // its lines follow
  bool refused = false;      // then the next three hold
  bool bad_request = false;
  ports::ReadRefusal refusal;
  std::size_t lines = 0;
};
/// Errors: input_corrupt.
Result<OutcomeHead> decode_head(std::string_view line);

}  // namespace fealty::serve
