#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "fealty/config/service.hpp"
#include "fealty/kafka/group_members.hpp"
#include "fealty/runtime/standby.hpp"

namespace fealty::cli {

/// The standby of a process: follows the changelogs of partitions that other processes of the group
/// work on, one pass over each every few seconds.
///
/// Owns:    a thread, a client for the changelog and one to ask who has what. Borrows the stores.
/// Errors:  none that end a run: logged (standby.failed), and tried again.
class Standbys {
 public:
  /// `partitions`: of the input. nullptr where the service wants none. Errors: invalid_config.
  static Result<std::unique_ptr<Standbys>> open(const config::ServiceConfig& service,
                                                ports::MemberStores& stores,
                                                std::uint32_t partitions);
  ~Standbys();
  Standbys(const Standbys&) = delete;
  Standbys& operator=(const Standbys&) = delete;

 private:
  Standbys(const config::ServiceConfig& service, ports::MemberStores& stores,
           std::uint32_t partitions, std::unique_ptr<ports::Changelog> changelog,
           std::unique_ptr<kafka::GroupMembers> group);
  void work();
  void choose();
  void pass_all();
  void failed(const Error& error);

  const std::string id_;  // of this process in the group
  const std::uint32_t standbys_, partitions_;
  const std::unique_ptr<ports::Changelog> changelog_;
  const std::unique_ptr<kafka::GroupMembers> group_;
  runtime::Standby standby_;
  std::map<std::uint32_t, bool> followed_;  // and whether a whole pass over it is told
  std::string told_;                        // the last failure
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::thread thread_;
};

/// The processes of a group: what their workers have, by the id that these begin with. Pure.
std::vector<runtime::GroupProcess> processes_of(const std::vector<kafka::GroupMember>& members);

}  // namespace fealty::cli
