#include "property_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace fealty::kafka {

namespace {

struct Rule {
  std::string_view name;      // one that ends with '*' stands for all that begin so
  std::string_view why;       // what would break
  std::string_view instead;   // Fealty's setting for it; empty = there is none
  std::int64_t at_most = -1;  // allowed up to this; -1 = not at all
};

constexpr std::string_view once = "exactly-once rests on it";
constexpr std::string_view own = "it has a setting of its own";
constexpr std::string_view order = "the order of a member's records rests on it";
constexpr std::string_view memory = "the memory budget sets it";
constexpr std::string_view by_hand =
    "partitions are taken and started one by one, which rests on it";
constexpr std::string_view membership = "who owns a partition, and for how long, rests on it";
constexpr std::string_view unheard = "nobody would read what it queues, and it would grow for ever";
constexpr std::string_view gives_up = "a record must fail before its transaction does";
constexpr std::string_view versions = "transactions need what the broker itself says it can";

// By what each would break; aliases beside their name.
constexpr Rule rules[] = {
    // Offsets are committed by transactions only, and nothing is jumped over.
    {"enable.auto.commit", once, ""},
    {"auto.commit.enable", once, ""},
    {"auto.commit.interval.ms", "offsets are committed by transactions", "commit.interval_ms"},
    {"enable.auto.offset.store", once, ""},
    {"offset.store.*", once, ""},
    {"auto.offset.reset", "a gap in the input must be an error", "kafka.start"},
    {"isolation.level", once, ""},
    {"check.crcs", "a damaged record must not be applied", ""},
    {"enable.partition.eof", "the end of a restore is told by it", ""},
    {"allow.auto.create.topics", "a topic made by chance has the wrong policy",
     "kafka.create_topics"},
    {"topic.blacklist", "it hides topics that are needed", ""},
    // Records are written once, in order, and a commit is on all in-sync replicas.
    {"transactional.id", own, "kafka.transactional_id"},
    {"transaction.timeout.ms", own, "kafka.transaction_timeout_ms"},
    {"enable.idempotence", once, ""},
    {"enable.gapless.guarantee", "a transaction that fails is aborted, and must not end the client",
     ""},
    {"acks", "a commit must be on all in-sync replicas", ""},
    {"request.required.acks", "a commit must be on all in-sync replicas", ""},
    {"max.in.flight", order, ""},
    {"max.in.flight.requests.per.connection", order, ""},
    {"queuing.strategy", order, ""},
    {"message.timeout.ms", gives_up, "kafka.transaction_timeout_ms"},
    {"delivery.timeout.ms", gives_up, "kafka.transaction_timeout_ms"},
    {"partitioner", "consumers find a member by the Java client's partitioner", ""},
    {"message.max.bytes", "a member's saved version must fit", ""},
    {"produce.offset.report", "how far the changelog reaches is told by it", ""},
    {"delivery.report.only.error", "how far the changelog reaches is told by it", ""},
    {"api.version.*", versions, ""},
    {"broker.version.fallback", versions, ""},
    // The group: static membership, and an assignment that is worked off by hand.
    {"group.id", own, "kafka.group"},
    {"group.instance.id", own, "kafka.transactional_id"},
    {"group.protocol", by_hand, ""},
    {"group.protocol.type", by_hand, ""},
    {"group.remote.assignor", by_hand, ""},
    {"partition.assignment.strategy", by_hand, ""},
    {"session.timeout.ms", membership, "kafka.session_timeout_ms"},
    {"heartbeat.interval.ms", membership, "kafka.session_timeout_ms"},
    {"max.poll.interval.ms", "a long restore happens between two polls", ""},
    // Memory is bounded.
    {"queued.max.messages.kbytes", memory, "memory.budget"},
    {"queued.min.messages", memory, "memory.budget"},
    {"queue.buffering.max.messages", memory, "memory.budget"},
    {"queue.buffering.max.kbytes", memory, "memory.budget"},
    {"fetch.max.bytes", memory, "memory.budget", 50 << 20},
    {"fetch.message.max.bytes", memory, "memory.budget", 50 << 20},
    {"max.partition.fetch.bytes", memory, "memory.budget", 50 << 20},
    {"enabled_events", unheard, ""},
    {"log.queue", unheard, "log.level"},
    {"enable_sasl_queue", unheard, ""},
    // Who is spoken to, and how they are trusted.
    {"bootstrap.servers", own, "kafka.brokers"},
    {"metadata.broker.list", own, "kafka.brokers"},
    {"security.protocol", own, "kafka.security.protocol"},
    {"sasl.mechanism", own, "kafka.security.mechanism"},
    {"sasl.mechanisms", own, "kafka.security.mechanism"},
    {"sasl.username", own, "kafka.security.username"},
    {"sasl.password", own, "kafka.security.password_file"},
    {"sasl.kerberos.principal", own, "kafka.security.kerberos_principal"},
    {"sasl.kerberos.keytab", own, "kafka.security.kerberos_keytab"},
    {"sasl.kerberos.service.name", own, "kafka.security.kerberos_service"},
    {"ssl.ca.location", own, "kafka.security.ca_file"},
    {"ssl.certificate.location", own, "kafka.security.certificate_file"},
    {"ssl.key.location", own, "kafka.security.key_file"},
    {"enable.ssl.certificate.verification",
     "passwords and members' data would go to whoever answers", "kafka.security.ca_file"},
    // Other people's code in the process, signals, and a cluster that is none.
    {"plugin.library.paths", "code loaded into the client can change what is read and written", ""},
    {"interceptors", "code in the client can change what is read and written", ""},
    {"internal.*", "it is no setting for users", ""},
    {"test.mock.*", "records would go to a cluster that keeps none", ""},
};

bool is_for(const Rule& rule, std::string_view name) {
  if (!rule.name.ends_with('*')) return rule.name == name;
  return name.starts_with(rule.name.substr(0, rule.name.size() - 1));
}

bool at_most(std::string_view value, std::int64_t bound) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  // What is no number is for librdkafka to refuse.
  return bound >= 0 &&
         (error != std::errc{} || end != value.data() + value.size() || number <= bound);
}

}  // namespace

std::string reserved_property(std::string_view name, std::string_view value) {
  if (name.ends_with("_cb")) return "not yours to set: a callback is code, not text";
  // librdkafka takes a topic's own with this prefix, too.
  constexpr std::string_view prefix = "topic.";
  if (name.starts_with(prefix)) {
    if (auto why = reserved_property(name.substr(prefix.size()), value); !why.empty()) return why;
  }
  const auto* const rule = std::find_if(std::begin(rules), std::end(rules),
                                        [&](const Rule& one) { return is_for(one, name); });
  if (rule == std::end(rules) || at_most(value, rule->at_most)) return {};
  const auto instead =
      rule->instead.empty() ? std::string{} : fmt::format("; set {} instead", rule->instead);
  if (rule->at_most >= 0) {
    return fmt::format("at most {}: {}{}", rule->at_most, rule->why, instead);
  }
  return fmt::format("not yours to set: {}{}", rule->why, instead);
}

}  // namespace fealty::kafka
