#include "changelog_check.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "fealty/kafka/changelog_reader.hpp"
#include "fealty/state/changelog_audit.hpp"
#include "fealty/topologies/members.hpp"
#include "kafka_options.hpp"
#include "service_settings.hpp"

namespace fealty::cli {
namespace {

namespace fs = std::filesystem;

/// A directory that goes with the object.
class Scratch {
 public:
  static Result<Scratch> make(const std::string& in) {
    std::error_code failed;
    const fs::path home = in.empty() ? fs::temp_directory_path(failed) : fs::path{in};
    std::string name = (home / "fealty-verify-XXXXXX").string();
    if (failed || ::mkdtemp(name.data()) == nullptr) {
      return Error{Errc::output_unwritable, "--scratch",
                   home.string() + ": " + std::generic_category().message(errno)};
    }
    return Scratch{name};
  }
  Scratch(Scratch&& other) noexcept : path_{std::exchange(other.path_, {})} {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit Scratch(std::string path) : path_{std::move(path)} {}
  std::string path_;
};

/// Carries a partition's records to the audit.
class Records final : public ports::Changelog::Visitor {
 public:
  Records(ports::Changelog::Reader& reader, state::ChangelogAudit& audit)
      : reader_{reader}, audit_{audit} {}
  Result<void> apply(std::string_view key, std::string_view value) override {
    return audit_.take(key, value, reader_.position());
  }

 private:
  ports::Changelog::Reader& reader_;
  state::ChangelogAudit& audit_;
};

Result<std::uint64_t> check_partition(state::Inspection& state, std::uint32_t partition,
                                      std::uint64_t position, ports::Changelog& changelog,
                                      state::ChangelogAudit& audit, state::Faults& faults) {
  audit.begin(partition, position, faults);
  auto reader = changelog.open(partition, 0);
  if (!reader) return reader.error();
  Records records{**reader, audit};
  while (true) {
    const auto done = (*reader)->step(records, std::chrono::seconds{1});
    if (!done) return done.error();
    if (*done) break;
  }
  if ((*reader)->position() < position) {
    state::Fault fault{.partition = partition};
    fault.key = "changelog position";
    fault.problem = "the store stands at " + std::to_string(position) + ", the changelog ends at " +
                    std::to_string((*reader)->position());
    faults.add(std::move(fault));
  }
  return audit.finish(state);
}

}  // namespace

Result<std::uint64_t> check_changelog(state::Inspection& state, const std::string& service_file,
                                      const std::string& scratch, state::Faults& faults) {
  const auto service = service_settings(service_file, {});
  if (!service) return service.error();
  kafka::KafkaOptions options = kafka_options(service->kafka, 0);
  options.streams = topologies::member_streams;
  const auto changelog = kafka::open_changelog(options);
  if (!changelog) return changelog.error();
  const auto room = Scratch::make(scratch);
  if (!room) return room.error();
  const auto audit = state::ChangelogAudit::open(room->path());
  if (!audit) return audit.error();
  const auto partitions = state.partitions();
  if (!partitions) return partitions.error();
  std::uint64_t same = 0;
  for (const std::uint32_t partition : *partitions) {
    const auto checkpoint = state.checkpoint(partition);
    if (!checkpoint || !*checkpoint) continue;  // That has been said.
    const auto checked = check_partition(state, partition, (*checkpoint)->changelog_position,
                                         **changelog, **audit, faults);
    if (!checked) return checked.error();
    same += *checked;
  }
  return same;
}

}  // namespace fealty::cli
