#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/kafka/options.hpp"

namespace fealty::kafka {

enum class Verdict : std::uint8_t {
  ok,
  unchecked,  // could not be tried, for the reason given
  warning,    // `run` works, but not as one would want
  failed,     // `run` would end, or lose something
};
/// What came of trying one thing.
struct Finding {
  std::string check;  // what was tried, such as "write fealty.notices"
  Verdict verdict = Verdict::ok;
  std::string reason;
  std::string mend;         // a command, or what to do; empty where nothing is wrong
  Errc code = Errc::usage;  // of a failure: what `run` would end with
};

/// Whether a pattern of input topics, one of KafkaOptions::input_patterns, matches a topic's name.
using PatternMatches = std::function<bool(const std::string& pattern, std::string_view topic)>;

/// Tries everything that a worker needs of the brokers, of members or of ingest: that they answer,
/// credentials, topics with their policies and replicas, each right by using it, how far retention
/// reaches back, and the brokers' clocks.
///
/// It disturbs no worker. It joins no group. It opens transactions under an id of its own, the
/// worker's with "-check" behind it, and aborts each: readers of committed records see nothing of
/// them, but wait for one while it is open, some milliseconds. The group's right is tried with an
/// offset of the changelog topic, which no worker has one of.
/// `recover_from`: by partition, where a store would have its input read again from. `matches`:
/// asked where the options have patterns only. Bounded: start_timeout where nobody answers (one
/// failure then), else that and about a minute.
std::vector<Finding> check_live(KafkaOptions options,
                                const std::map<std::uint32_t, std::uint64_t>& recover_from,
                                const PatternMatches& matches = {});

}  // namespace fealty::kafka
