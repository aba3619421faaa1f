#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What tests do to a broker beside the worker under test, by librdkafka alone. All of it throws
/// where it fails; `bootstrap` empty: the broker of this test run.
namespace fealty::kafka::test {

inline constexpr std::chrono::seconds patience{60};
using Settings = std::vector<std::pair<std::string, std::string>>;

void expect(bool ok, const std::string& what);
rd_kafka_t* raw_client(rd_kafka_type_t type, const std::string& bootstrap,
                       const Settings& properties);
/// A topic name that no other test uses.
std::string unique_name(std::string_view stem);

void create_topic(const std::string& topic, int partitions, const Settings& settings = {},
                  const std::string& bootstrap = {});
void delete_topic(const std::string& topic);
void alter_topic(const std::string& topic, const Settings& settings);
/// Moves the low watermark, as retention does.
void delete_before(const std::string& topic, std::int32_t partition, std::int64_t offset);
/// Returns once the partition reaches to `end`, with what is in open transactions.
void await_end(const std::string& topic, std::int32_t partition, std::int64_t end);
/// `user` may do everything with the topics of this prefix but ask for their settings.
void hide_settings(const std::string& user, const std::string& prefix);
/// `user` may do everything with the resources of this type and prefix but `operation`.
void deny(const std::string& user, rd_kafka_ResourceType_t type, const std::string& prefix,
          rd_kafka_AclOperation_t operation);
/// As another tool does it, beside whoever is in the group.
void commit_by_hand(const std::string& group, const std::string& topic, std::int32_t partition,
                    std::int64_t offset, const std::string& metadata);

/// A producer of no worker, with a transaction that holds an offset of a group back.
class PendingOffset {
 public:
  PendingOffset(const std::string& group, const std::string& topic, std::int32_t partition,
                std::int64_t offset);
  ~PendingOffset();
  PendingOffset(const PendingOffset&) = delete;
  PendingOffset& operator=(const PendingOffset&) = delete;
  void commit();

 private:
  rd_kafka_t* rk_;
};

}  // namespace fealty::kafka::test
