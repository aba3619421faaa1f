#include <fmt/format.h>

#include <thread>

#include "live_rights.hpp"
#include "mend.hpp"
#include "security.hpp"
#include "topics.hpp"

namespace fealty::kafka {

namespace {

Deadline slice_of(Deadline deadline) {
  constexpr int slice_ms = 10'000;
  return Deadline{std::chrono::milliseconds{deadline.left_ms(slice_ms)}};
}

Finding judged(std::string check, const ProbeProducer::Answer& answer, std::string mend) {
  if (answer.ok()) return {std::move(check), Verdict::ok, {}, {}};
  Finding out{std::move(check), Verdict::failed, answer.reason, std::move(mend),
              broker_errc(answer.code)};
  if (out.code == Errc::broker_unreachable || out.code == Errc::fenced) {
    out.verdict = Verdict::unchecked;
    out.mend.clear();
  }
  return out;
}

/// Of a record no older than a moment where topics refuse others.
ProbeProducer::Answer write(ProbeProducer& producer, const std::string& topic, Deadline deadline) {
  // So old that what is found by time behind it is the mark of the transaction's end.
  constexpr std::int64_t long_ago_ms = 1;
  auto answer = producer.write(topic, long_ago_ms, slice_of(deadline));
  if (answer.code != RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP) return answer;
  return producer.write(topic, 0, slice_of(deadline));
}

/// First offset whose record, or mark, is of this time or later; -1 where there is none.
std::int64_t first_since(const Client& client, const std::string& topic, std::int32_t partition,
                         std::int64_t time_ms, Deadline deadline) {
  const PartitionList list{rd_kafka_topic_partition_list_new(1)};
  auto* entry = rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  entry->offset = time_ms;
  const auto code = rd_kafka_offsets_for_times(client.get(), list.get(), deadline.left_ms() + 1);
  constexpr std::int64_t unknown = -2;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || entry->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return unknown;
  }
  return entry->offset < 0 ? -1 : entry->offset;
}

/// Waits until the mark behind the record is there, which is a little after the abort.
bool ended(const Client& client, const std::string& topic, const ProbeProducer::Answer& record,
           Deadline deadline) {
  const auto mark = static_cast<std::uint64_t>(record.offset) + 1;
  while (true) {
    const auto held =
        watermarks(client, topic, static_cast<std::uint32_t>(record.partition), deadline);
    if (!held) return false;
    if (held->high > mark) return true;  // the last stable offset
    if (deadline.passed()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{deadline.left_ms(10)});
  }
}

}  // namespace

Finding clock_of(const Client& client, const std::string& topic,
                 const ProbeProducer::Answer& record, Deadline deadline) {
  constexpr std::int64_t skew_ms = 10'000;
  Finding out{"clock", Verdict::ok, "the brokers' and this machine's are within 10 s", {}};
  const std::string mend = "set both by NTP: idle partitions take this machine's time";
  const Finding unknown{"clock",
                        Verdict::unchecked,
                        "others wrote there within 10 s: try again, or compare by hand",
                        {}};
  // Longer only where a worker's own transaction is open: another topic will tell.
  const Deadline mark{std::chrono::milliseconds{deadline.left_ms(2000)}};
  if (record.offset < 0 || !ended(client, topic, record, mark)) return unknown;
  const std::int64_t now_ms = unix_now_ms();
  const auto since = [&](std::int64_t time_ms) {
    return first_since(client, topic, record.partition, time_ms, deadline);
  };
  const auto later = since(now_ms + skew_ms);
  if (later == record.offset || later == record.offset + 1) {
    out.verdict = Verdict::warning;
    out.reason = "the brokers' clock is more than 10 s ahead of this machine's";
    out.mend = mend;
    return out;
  }
  if (later != -1) return unknown;
  const auto earlier = since(record.before_ms - skew_ms);
  if (earlier == record.offset || earlier == record.offset + 1) return out;
  if (earlier != -1) return unknown;
  out.verdict = Verdict::warning;
  out.reason = "the brokers' clock is more than 10 s behind this machine's";
  out.mend = mend;
  return out;
}

void check_writing(const Client& client, const KafkaOptions& options, const Topics& topics,
                   Deadline deadline, std::vector<Finding>& out) {
  ProbeProducer producer{options};
  const std::string id = ProbeProducer::id_of(options);
  const auto opened = producer.open(slice_of(deadline));
  out.push_back(judged("transactional id " + id, opened,
                       acl_command(options, "Write",
                                   "--operation Describe "
                                   "--resource-pattern-type prefixed --transactional-id",
                                   options.effective_transactional_id())));
  if (opened.ok()) {
    out.back().reason = fmt::format("tried in place of {}, which a worker may be using",
                                    options.effective_transactional_id());
  }
  Finding clock{"clock", Verdict::unchecked, "no record could be written to tell it by", {}};
  for (std::size_t i = 0; i < options.streams.size(); ++i) {
    const std::string topic = topic_of(static_cast<ports::Stream>(i), options);
    const std::string check = "write " + topic;
    const auto found = topics.find(topic);
    if (found == topics.end() || found->second.partitions == 0) {
      out.push_back({check, Verdict::unchecked, "there is no such topic yet", {}});
      continue;
    }
    if (!opened.ok()) {
      out.push_back({check, Verdict::unchecked, "needs the transactional id", {}});
      continue;
    }
    const auto answer = write(producer, topic, deadline);
    out.push_back(judged(check, answer, acl_command(options, "Write", "--topic", topic)));
    if (!answer.ok() || clock.verdict != Verdict::unchecked) continue;
    clock = clock_of(client, topic, answer, slice_of(deadline));
  }
  const std::string check = "commit for group " + options.group;
  const std::string changelog = topic_of(changelog_stream(options), options);
  const auto home = topics.find(changelog);
  if (!opened.ok() || home == topics.end() || home->second.partitions == 0) {
    out.push_back({check,
                   Verdict::unchecked,
                   opened.ok() ? "needs the changelog topic" : "needs the transactional id",
                   {}});
  } else {
    const auto sent = producer.send_offset(options.group, changelog, slice_of(deadline));
    const bool topic = sent.code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    out.push_back(judged(check, sent,
                         topic ? acl_command(options, "Read", "--topic", changelog)
                               : acl_command(options, "Read", "--group", options.group)));
  }
  out.push_back(std::move(clock));
}

}  // namespace fealty::kafka
