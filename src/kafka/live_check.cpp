#include "fealty/kafka/live_check.hpp"

#include <fmt/format.h>

#include "fealty/kafka/bus.hpp"
#include "live_rights.hpp"
#include "topics.hpp"

namespace fealty::kafka {

namespace {

Finding failure(std::string_view check, const Error& error, std::string_view mend) {
  return {std::string{check}, Verdict::failed,
          error.detail.empty() ? std::string{name(error.code)} : error.detail, std::string{mend},
          error.code};
}

/// The first thing asked of the brokers: whether they answer, and take the credentials.
Finding brokers_answer(const Client& client, const KafkaOptions& options) {
  const auto answered =
      partition_count(client, options, options.input_topic, Deadline{options.start_timeout});
  // A topic that may not be seen is an answer, too, and has a line of its own.
  if (answered || (answered.error().code == Errc::broker_refused && client.refusal().empty())) {
    return {"brokers", Verdict::ok, options.brokers, {}};
  }
  return failure("brokers", answered.error(),
                 answered.error().code == Errc::broker_unreachable
                     ? "check kafka.brokers, the network, and that the broker is up"
                     : "check kafka.security: protocol, mechanism, and what it logs in with");
}

}  // namespace

std::vector<Finding> check_live(KafkaOptions options,
                                const std::map<std::uint32_t, std::uint64_t>& recover_from,
                                const PatternMatches& matches) {
  std::vector<Finding> out;
  if (auto fit = check_library_version(); !fit) {
    out.push_back(failure("librdkafka", fit.error(), "install another version"));
  }
  if (auto valid = validate(options); !valid) {
    out.push_back(failure("settings", valid.error(), "correct the service file"));
    return out;
  }
  const auto client = Client::make(RD_KAFKA_CONSUMER, options, reader_properties(options), {});
  if (!client) {
    out.push_back(failure("settings", client.error(), "correct the service file"));
    return out;
  }
  out.push_back(brokers_answer(**client, options));
  if (out.back().verdict == Verdict::failed) return out;

  constexpr std::chrono::seconds bound{45};
  const Deadline deadline{bound};
  find_inputs(**client, options, matches, deadline, out);
  const auto topics = check_topics(**client, options, deadline, out);
  check_reading(**client, options, topics, recover_from, deadline, out);
  check_writing(**client, options, topics, deadline, out);
  return out;
}

}  // namespace fealty::kafka
