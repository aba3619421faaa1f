#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fealty::kafka {

/// What the group keeps as metadata beside each offset of a commit: "fealty1 TOKEN NOTE", the
/// note's bytes other than printable ASCII as %hh. It fits a broker's offset.metadata.max.bytes
/// (4096).
struct CommitMark {
  std::string token;  // of that one commit: no two have the same
  std::string note;   // ports::CommitPosition::note
};
std::string to_metadata(const CommitMark& mark);
/// nullopt for metadata that is none of ours, as other tools and older releases leave it.
std::optional<CommitMark> parse_metadata(std::string_view metadata);

/// What the group answers about one partition that a commit named.
struct CommittedAnswer {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string_view metadata{};
};
enum class CommitOutcome : std::uint8_t {
  committed,      // all of it: one partition with its token says so of all
  not_committed,  // every partition answered, and none with its token
  unknown,        // ask again
};
CommitOutcome outcome_of(std::span<const CommittedAnswer> answers, std::string_view token);

}  // namespace fealty::kafka
