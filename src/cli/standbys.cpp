#include "standbys.hpp"

#include <pthread.h>

#include <algorithm>
#include <string>
#include <utility>

#include "fealty/kafka/changelog_reader.hpp"
#include "fealty/log/log.hpp"
#include "fealty/topologies/members.hpp"
#include "kafka_options.hpp"

namespace fealty::cli {
namespace {

/// As often as commits are gathered for at the most: a pass has them written.
constexpr std::chrono::seconds pass_every{5};
constexpr std::chrono::seconds ask_within{5};

}  // namespace

std::vector<runtime::GroupProcess> processes_of(const std::vector<kafka::GroupMember>& members) {
  std::map<std::string, std::vector<std::uint32_t>> found;
  for (const kafka::GroupMember& member : members) {
    const auto dash = member.instance.rfind('-');
    if (dash == std::string::npos) continue;
    auto& partitions = found[member.instance.substr(0, dash)];
    partitions.insert(partitions.end(), member.partitions.begin(), member.partitions.end());
  }
  std::vector<runtime::GroupProcess> out;
  for (auto& [id, partitions] : found) {
    std::sort(partitions.begin(), partitions.end());
    out.push_back({.id = id, .partitions = std::move(partitions)});
  }
  return out;
}

Result<std::unique_ptr<Standbys>> Standbys::open(const config::ServiceConfig& service,
                                                 ports::MemberStores& stores,
                                                 std::uint32_t partitions) {
  if (service.standbys == 0) return std::unique_ptr<Standbys>{};
  kafka::KafkaOptions options = kafka_options(service.kafka, 0);
  options.streams = topologies::member_streams;
  auto changelog = kafka::open_changelog(options);
  if (!changelog) return changelog.error();
  auto group = kafka::open_group_members(options);
  if (!group) return group.error();
  return std::unique_ptr<Standbys>{
      new Standbys{service, stores, partitions, std::move(*changelog), std::move(*group)}};
}

Standbys::Standbys(const config::ServiceConfig& service, ports::MemberStores& stores,
                   std::uint32_t partitions, std::unique_ptr<ports::Changelog> changelog,
                   std::unique_ptr<kafka::GroupMembers> group)
    : id_{transactional_id(service.kafka)},
      standbys_{service.standbys},
      partitions_{partitions},
      changelog_{std::move(changelog)},
      group_{std::move(group)},
      standby_{stores, *changelog_},
      thread_{[this] { work(); }} {}

Standbys::~Standbys() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void Standbys::work() {
  pthread_setname_np(pthread_self(), "fealty-standby");
  std::unique_lock lock{mutex_};
  while (!stop_) {
    lock.unlock();
    choose();
    pass_all();
    lock.lock();
    stopped_.wait_for(lock, pass_every, [this] { return stop_.load(); });
  }
}

/// Anew each time: workers come, go and hand partitions over.
void Standbys::choose() {
  const auto members = group_->ask(ask_within);
  if (!members) return failed(members.error());
  const auto wanted = runtime::standbys_of(id_, processes_of(*members), partitions_, standbys_);
  const auto is_wanted = [&](std::uint32_t partition) {
    return std::binary_search(wanted.begin(), wanted.end(), partition);
  };
  std::erase_if(followed_, [&](const auto& one) { return !is_wanted(one.first); });
  for (const std::uint32_t partition : wanted) followed_.try_emplace(partition, false);
}

void Standbys::pass_all() {
  for (auto& [partition, told] : followed_) {
    if (stop_) return;
    const auto passed = standby_.pass(partition, stop_);
    if (!passed) {
      failed(passed.error());
      continue;
    }
    if (!passed->whole) continue;
    told_.clear();
    if (std::exchange(told, true)) continue;
    log::info("standby.follows", {{"partition", partition},
                                  {"restored_records", passed->records},
                                  {"position", passed->position}});
  }
}

void Standbys::failed(const Error& error) {
  std::string text = to_string(error);
  if (text == told_) return;
  told_ = std::move(text);
  log::warn("standby.failed", {{"error", told_}});
}

}  // namespace fealty::cli
