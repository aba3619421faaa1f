#include "kafka_admin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <stdexcept>

#include "kafka_harness.hpp"

namespace fealty::kafka::test {

namespace {

using Answer = std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)>;

/// The answer to an admin request; whether each thing in it was done it says by itself.
Answer await_admin(rd_kafka_queue_t* queue) {
  Answer answer{rd_kafka_queue_poll(queue, 30'000), rd_kafka_event_destroy};
  rd_kafka_queue_destroy(queue);
  expect(answer != nullptr, "no answer");
  expect(rd_kafka_event_error(answer.get()) == RD_KAFKA_RESP_ERR_NO_ERROR,
         rd_kafka_event_error_string(answer.get()));
  return answer;
}

bool holds(const rd_kafka_ConfigResource_t* resource, const Settings& settings) {
  std::size_t count = 0;
  const auto** entries = rd_kafka_ConfigResource_configs(resource, &count);
  return std::all_of(settings.begin(), settings.end(), [&](const auto& wanted) {
    return std::any_of(entries, entries + count, [&](const rd_kafka_ConfigEntry_t* entry) {
      const char* value = rd_kafka_ConfigEntry_value(entry);
      return rd_kafka_ConfigEntry_name(entry) == wanted.first && value != nullptr &&
             value == wanted.second;
    });
  });
}

/// The controller takes settings before the brokers hear of them.
void await_settings(rd_kafka_t* rk, const std::string& topic, const Settings& settings) {
  rd_kafka_ConfigResource_t* asked =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  const auto end = std::chrono::steady_clock::now() + patience;
  bool there = false;
  while (!there) {
    expect(std::chrono::steady_clock::now() < end, "settings do not arrive at " + topic);
    rd_kafka_queue_t* queue = rd_kafka_queue_new(rk);
    rd_kafka_DescribeConfigs(rk, &asked, 1, nullptr, queue);
    const Answer answer = await_admin(queue);
    std::size_t count = 0;
    const auto** found = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
    expect(count == 1, "settings of one topic");
    there = holds(found[0], settings);
  }
  rd_kafka_ConfigResource_destroy(asked);
}

/// So it is with access rights, each of which arrives by itself.
void await_acls(rd_kafka_t* rk, rd_kafka_AclBindingFilter_t* filter, std::size_t count) {
  const auto end = std::chrono::steady_clock::now() + patience;
  std::size_t found = 0;
  while (found < count) {
    expect(std::chrono::steady_clock::now() < end, "access rights do not arrive");
    rd_kafka_queue_t* queue = rd_kafka_queue_new(rk);
    rd_kafka_DescribeAcls(rk, filter, nullptr, queue);
    const Answer answer = await_admin(queue);
    rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(answer.get()), &found);
  }
}

/// A topic is made before every broker's metadata says so.
void await_topic(rd_kafka_t* rk, const std::string& topic, int partitions) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(rk, topic.c_str(), nullptr);
  const auto end = std::chrono::steady_clock::now() + patience;
  bool there = false;
  while (!there) {
    expect(std::chrono::steady_clock::now() < end, "a topic that was made does not appear");
    const rd_kafka_metadata_t* answer = nullptr;
    if (rd_kafka_metadata(rk, 0, handle, &answer, 5'000) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const rd_kafka_metadata_topic_t& found = answer->topics[0];
    there = found.err == RD_KAFKA_RESP_ERR_NO_ERROR && found.partition_cnt == partitions;
    for (int i = 0; there && i < partitions; ++i) there = found.partitions[i].leader >= 0;
    rd_kafka_metadata_destroy(answer);
  }
  rd_kafka_topic_destroy(handle);
}

void none(rd_kafka_error_t* error) {
  if (error == nullptr) return;
  const std::string text = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  throw std::runtime_error{text};
}

}  // namespace

void expect(bool ok, const std::string& what) {
  if (!ok) throw std::runtime_error{what};
}

std::string unique_name(std::string_view stem) {
  static std::random_device device;
  return fmt::format("{}-{:08x}", stem, device());
}

rd_kafka_t* raw_client(rd_kafka_type_t type, const std::string& bootstrap,
                       const Settings& properties) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> reason{};
  const auto set = [&](const std::string& key, const std::string& value) {
    expect(rd_kafka_conf_set(conf, key.c_str(), value.c_str(), reason.data(), reason.size()) ==
               RD_KAFKA_CONF_OK,
           reason.data());
  };
  set("bootstrap.servers", bootstrap.empty() ? Broker::get().bootstrap() : bootstrap);
  for (const auto& [key, value] : properties) {
    set(key, value);
  }
  rd_kafka_t* rk = rd_kafka_new(type, conf, reason.data(), reason.size());
  expect(rk != nullptr, reason.data());
  return rk;
}

void create_topic(const std::string& topic, int partitions, const Settings& settings,
                  const std::string& bootstrap) {
  rd_kafka_t* rk = raw_client(RD_KAFKA_PRODUCER, bootstrap, {});
  rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, nullptr, 0);
  for (const auto& [name, value] : settings) {
    rd_kafka_NewTopic_set_config(wanted, name.c_str(), value.c_str());
  }
  rd_kafka_queue_t* queue = rd_kafka_queue_new(rk);
  rd_kafka_CreateTopics(rk, &wanted, 1, nullptr, queue);
  std::size_t count = 0;
  const Answer answer = await_admin(queue);
  const auto** made =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    expect(rd_kafka_topic_result_error(made[i]) == RD_KAFKA_RESP_ERR_NO_ERROR,
           rd_kafka_err2str(rd_kafka_topic_result_error(made[i])));
  }
  rd_kafka_NewTopic_destroy(wanted);
  await_topic(rk, topic, partitions);
  rd_kafka_destroy(rk);
}

void delete_topic(const std::string& topic) {
  rd_kafka_t* rk = raw_client(RD_KAFKA_PRODUCER, {}, {});
  rd_kafka_DeleteTopic_t* wanted = rd_kafka_DeleteTopic_new(topic.c_str());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(rk);
  rd_kafka_DeleteTopics(rk, &wanted, 1, nullptr, queue);
  await_admin(queue);
  rd_kafka_DeleteTopic_destroy(wanted);
  rd_kafka_destroy(rk);
}

void alter_topic(const std::string& topic, const Settings& settings) {
  rd_kafka_t* rk = raw_client(RD_KAFKA_PRODUCER, {}, {});
  rd_kafka_ConfigResource_t* wanted =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  for (const auto& [name, value] : settings) {
    rd_kafka_ConfigResource_set_config(wanted, name.c_str(), value.c_str());
  }
  rd_kafka_queue_t* queue = rd_kafka_queue_new(rk);
  rd_kafka_AlterConfigs(rk, &wanted, 1, nullptr, queue);
  await_admin(queue);
  rd_kafka_ConfigResource_destroy(wanted);
  await_settings(rk, topic, settings);
  rd_kafka_destroy(rk);
}

void delete_before(const std::string& topic, std::int32_t partition, std::int64_t offset) {
  rd_kafka_t* rk = raw_client(RD_KAFKA_PRODUCER, {}, {});
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = offset;
  rd_kafka_DeleteRecords_t* wanted = rd_kafka_DeleteRecords_new(list);
  const auto end = std::chrono::steady_clock::now() + patience;
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_POLICY_VIOLATION;
  // So a broker answers until its log, too, has heard that the topic's records may be deleted.
  while (code == RD_KAFKA_RESP_ERR_POLICY_VIOLATION && std::chrono::steady_clock::now() < end) {
    rd_kafka_queue_t* queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteRecords(rk, &wanted, 1, nullptr, queue);
    const Answer answer = await_admin(queue);
    code = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(answer.get()))
               ->elems[0]
               .err;
  }
  expect(code == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(code));
  rd_kafka_DeleteRecords_destroy(wanted);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_destroy(rk);
}

void await_end(const std::string& topic, std::int32_t partition, std::int64_t end) {
  rd_kafka_t* rk = raw_client(RD_KAFKA_CONSUMER, {}, {{"isolation.level", "read_uncommitted"}});
  const auto give_up = std::chrono::steady_clock::now() + patience;
  std::int64_t low = 0, high = 0;
  while (high < end) {
    expect(std::chrono::steady_clock::now() < give_up, "too few records in " + topic);
    const auto code =
        rd_kafka_query_watermark_offsets(rk, topic.c_str(), partition, &low, &high, 5'000);
    expect(code == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(code));
  }
  rd_kafka_destroy(rk);
}

void hide_settings(const std::string& user, const std::string& prefix) {
  deny(user, RD_KAFKA_RESOURCE_TOPIC, prefix, RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS);
}

void deny(const std::string& user, rd_kafka_ResourceType_t type, const std::string& prefix,
          rd_kafka_AclOperation_t operation) {
  rd_kafka_t* rk = raw_client(RD_KAFKA_PRODUCER, {}, {});
  const std::string principal = "User:" + user;
  std::array<char, 512> reason{};
  std::array<rd_kafka_AclBinding_t*, 2> wanted{
      rd_kafka_AclBinding_new(type, prefix.c_str(), RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
                              principal.c_str(), "*", RD_KAFKA_ACL_OPERATION_ALL,
                              RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, reason.data(), reason.size()),
      rd_kafka_AclBinding_new(type, prefix.c_str(), RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
                              principal.c_str(), "*", operation, RD_KAFKA_ACL_PERMISSION_TYPE_DENY,
                              reason.data(), reason.size())};
  for (const auto* binding : wanted) expect(binding != nullptr, reason.data());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(rk);
  rd_kafka_CreateAcls(rk, wanted.data(), wanted.size(), nullptr, queue);
  await_admin(queue);
  rd_kafka_AclBinding_destroy_array(wanted.data(), wanted.size());
  rd_kafka_AclBindingFilter_t* both = rd_kafka_AclBindingFilter_new(
      type, prefix.c_str(), RD_KAFKA_RESOURCE_PATTERN_PREFIXED, principal.c_str(), "*",
      RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, reason.data(), reason.size());
  expect(both != nullptr, reason.data());
  await_acls(rk, both, wanted.size());
  rd_kafka_AclBinding_destroy(both);
  rd_kafka_destroy(rk);
}

void commit_by_hand(const std::string& group, const std::string& topic, std::int32_t partition,
                    std::int64_t offset, const std::string& metadata) {
  rd_kafka_t* rk = raw_client(RD_KAFKA_CONSUMER, {}, {{"group.id", group}});
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_t* entry =
      rd_kafka_topic_partition_list_add(list, topic.c_str(), partition);
  entry->offset = offset;
  entry->metadata = rd_kafka_mem_malloc(nullptr, metadata.size());
  metadata.copy(static_cast<char*>(entry->metadata), metadata.size());
  entry->metadata_size = metadata.size();
  const auto code = rd_kafka_commit(rk, list, 0);
  expect(code == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(code));
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_destroy(rk);
}

PendingOffset::PendingOffset(const std::string& group, const std::string& topic,
                             std::int32_t partition, std::int64_t offset)
    : rk_{raw_client(RD_KAFKA_PRODUCER, {}, {{"transactional.id", unique_name("pending")}})} {
  none(rd_kafka_init_transactions(rk_, 30'000));
  none(rd_kafka_begin_transaction(rk_));
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = offset;
  rd_kafka_consumer_group_metadata_t* metadata =
      rd_kafka_consumer_group_metadata_new(group.c_str());
  none(rd_kafka_send_offsets_to_transaction(rk_, list, metadata, 30'000));
  rd_kafka_consumer_group_metadata_destroy(metadata);
  rd_kafka_topic_partition_list_destroy(list);
}
PendingOffset::~PendingOffset() { rd_kafka_destroy(rk_); }
void PendingOffset::commit() { none(rd_kafka_commit_transaction(rk_, 30'000)); }

}  // namespace fealty::kafka::test
