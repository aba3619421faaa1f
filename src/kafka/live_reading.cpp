#include <fmt/format.h>

#include <algorithm>

#include "live_rights.hpp"
#include "mend.hpp"
#include "topic_settings.hpp"
#include "topics.hpp"

namespace fealty::kafka {

namespace {

constexpr int slice_ms = 5000;  // of one question

Finding refused(std::string check, rd_kafka_resp_err_t code, std::string mend) {
  Finding out{std::move(check), Verdict::failed, rd_kafka_err2str(code), std::move(mend),
              broker_errc(code)};
  if (out.code == Errc::broker_unreachable) {
    out.verdict = Verdict::unchecked;
    out.reason = fmt::format("no answer in time: {}", out.reason);
    out.mend.clear();
  }
  return out;
}

/// Fetches at the end of one partition: that it is at the end is the answer.
Finding can_read(const Client& client, const KafkaOptions& options, const std::string& topic,
                 Deadline deadline) {
  const PartitionList list{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset = RD_KAFKA_OFFSET_END;
  auto code = rd_kafka_assign(client.get(), list.get());
  const Deadline bound{std::chrono::milliseconds{deadline.left_ms(slice_ms)}};
  bool answered = code != RD_KAFKA_RESP_ERR_NO_ERROR;
  while (!answered && !bound.passed()) {
    const MessageHandle message{rd_kafka_consumer_poll(client.get(), bound.left_ms())};
    if (message == nullptr) continue;
    code = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ? RD_KAFKA_RESP_ERR_NO_ERROR
                                                            : message->err;
    // The group has a line of its own; what librdkafka tries again by itself is no answer.
    answered = code != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED &&
               broker_errc(code) != Errc::broker_unreachable;
  }
  rd_kafka_assign(client.get(), nullptr);
  if (!answered) code = RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {"read " + topic, Verdict::ok, {}, {}};
  return refused("read " + topic, code, acl_command(options, "Read", "--topic", topic));
}

/// Where a group stands in a topic; its error where it may not be asked.
rd_kafka_resp_err_t committed(const Client& client, const std::string& topic,
                              std::uint32_t partitions, PartitionList& into, Deadline deadline) {
  into.reset(rd_kafka_topic_partition_list_new(static_cast<int>(partitions)));
  for (std::uint32_t i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(into.get(), topic.c_str(), static_cast<std::int32_t>(i));
  }
  auto code = rd_kafka_committed(client.get(), into.get(), deadline.left_ms(slice_ms) + 1);
  for (int i = 0; i < into->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    code = into->elems[i].err;
  }
  return code;
}

/// As its group, which is never joined: a client that has not heard yet whether it may be used.
Result<std::shared_ptr<Client>> asking_as(const KafkaOptions& options, const std::string& group) {
  Properties properties = reader_properties(options);
  properties.front().second = group;
  return Client::make(RD_KAFKA_CONSUMER, options, properties, {});
}

/// A question about a group that may not be used at all is not answered: what its consumer is told
/// says why.
rd_kafka_resp_err_t refusal_of(const Client& client, rd_kafka_resp_err_t code, Deadline deadline) {
  if (broker_errc(code) != Errc::broker_unreachable) return code;
  const Deadline bound{std::chrono::milliseconds{deadline.left_ms(1000)}};
  while (!bound.passed()) {
    const MessageHandle message{rd_kafka_consumer_poll(client.get(), bound.left_ms(100))};
    if (message != nullptr && message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
      return message->err;
    }
  }
  return code;
}

Finding group_answer(const KafkaOptions& options, const std::string& group,
                     rd_kafka_resp_err_t code) {
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {"group " + group, Verdict::ok, {}, {}};
  return refused("group " + group, code, acl_command(options, "Read", "--group", group));
}

/// Each partition holds what will be read of it: from where its store stands, else its group.
Finding retention(const Client& client, const KafkaOptions& options, const std::string& input,
                  const rd_kafka_topic_partition_list_t& group,
                  const std::map<std::uint32_t, std::uint64_t>& recover_from, Deadline deadline) {
  Finding out{"retention " + input, Verdict::ok, "nothing was read yet", {}};
  out.code = Errc::input_gap;
  bool begun = false;
  for (int i = 0; i < group.cnt; ++i) {
    const auto partition = static_cast<std::uint32_t>(i);
    const auto stored = recover_from.find(partition);
    if (group.elems[i].offset < 0 && stored == recover_from.end()) continue;
    const std::uint64_t from = stored != recover_from.end()
                                   ? stored->second
                                   : static_cast<std::uint64_t>(group.elems[i].offset);
    const auto held = watermarks(client, input, partition,
                                 Deadline{std::chrono::milliseconds{deadline.left_ms(slice_ms)}});
    if (!held) return {out.check, Verdict::unchecked, held.error().detail, {}};
    begun = true;
    if (from >= held->low) continue;
    out.verdict = Verdict::failed;
    out.reason = fmt::format("{}[{}] is needed from {} on and begins at {}", input, partition, from,
                             held->low);
    out.mend = fmt::format(
        "{} (that it does not happen again; what is gone must be put back, or start over with "
        "another group, another output_prefix and an empty state directory)",
        alter_command(options, input, "retention.ms=-1"));
    return out;
  }
  if (begun) {
    out.reason = recover_from.empty()
                     ? "holds all from where the group stands"
                     : "holds all from where the state begins to be computed again";
  }
  return out;
}

}  // namespace

void check_reading(const Client& client, const KafkaOptions& options, const Topics& topics,
                   const std::map<std::uint32_t, std::uint64_t>& recover_from, Deadline deadline,
                   std::vector<Finding>& out) {
  const auto there = [&topics](const std::string& topic) {
    const auto found = topics.find(topic);
    return found == topics.end() ? 0U : found->second.partitions;
  };
  const std::vector<std::string> inputs = inputs_of(options);
  std::vector<std::string> read = inputs;
  for (std::size_t i = 0; i < options.streams.size(); ++i) {
    const auto stream = static_cast<ports::Stream>(i);
    // Of several inputs, which order is whose is read back, too.
    const bool kept = options.several_inputs() && use_of(options.streams[i]) == Use::snapshots;
    if (kept || stream == changelog_stream(options)) read.push_back(topic_of(stream, options));
  }
  for (const std::string& topic : read) {
    if (there(topic) != 0) out.push_back(can_read(client, options, topic, deadline));
  }
  const auto first = std::find_if(inputs.begin(), inputs.end(), there);
  const std::string& any = first == inputs.end() ? options.input_topic : *first;
  if (there(any) == 0) return;
  PartitionList positions;
  std::shared_ptr<Client> group;
  for (const std::string& name : {options.group + "-reader", options.group}) {
    const auto made = asking_as(options, name);
    if (!made) return;
    group = *made;
    const auto code = refusal_of(*group, committed(*group, any, 1, positions, deadline), deadline);
    out.push_back(group_answer(options, name, code));
    if (name == options.group && code != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  }
  for (auto input = first; input != inputs.end(); ++input) {
    if (there(*input) == 0) continue;
    const auto asked = committed(*group, *input, there(*input), positions, deadline);
    if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) continue;  // Its own line says why.
    out.push_back(retention(client, options, *input, *positions, recover_from, deadline));
  }
}

}  // namespace fealty::kafka
