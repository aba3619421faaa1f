#include "fealty/state/inspection.hpp"

#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "fealty/state/rocks_stores.hpp"
#include "src/audit.hpp"
#include "src/directory.hpp"
#include "src/keys.hpp"
#include "src/partition_store.hpp"
#include "src/prefixed_map.hpp"
#include "src/rocks_open.hpp"

namespace fealty::state {
namespace {

namespace fs = std::filesystem;

std::string without_slash(const std::string& name) {
  return name.starts_with('/') ? name.substr(1) : name;
}

/// Whose bytes a key's are: its member, empty for those of the partition itself.
std::string_view owner_of(char table, std::string_view key) {
  switch (table) {
    case keys::member_table:
      return key.substr(1);
    case keys::timer_table:
      return key.size() > keys::timer_head ? key.substr(keys::timer_head) : std::string_view{};
    case keys::checkpoint_table:
    case keys::position_table:
      return {};
    default:
      return keys::member_of_row(key);
  }
}

/// The members that take most in a table whose keys come member by member.
class Largest {
 public:
  explicit Largest(std::size_t max) : max_{max} {}
  void add(std::string_view member, std::uint64_t bytes) {
    if (member != member_) {
      end();
      member_.assign(member);
    }
    bytes_ += bytes;
  }
  std::vector<TableSize::Largest> take() {
    end();
    return std::move(found_);
  }

 private:
  void end() {
    const std::uint64_t bytes = std::exchange(bytes_, 0);
    if (member_.empty() || max_ == 0) return;
    if (found_.size() == max_ && found_.back().bytes >= bytes) return;
    if (found_.size() == max_) found_.pop_back();
    const auto at = std::find_if(found_.begin(), found_.end(),
                                 [&](const auto& one) { return one.bytes < bytes; });
    found_.insert(at, {member_, bytes});
  }
  const std::size_t max_;
  std::string member_;
  std::uint64_t bytes_ = 0;
  std::vector<TableSize::Largest> found_;
};

void check_file(const std::string& directory, const std::string& name, Faults& faults) {
  rocksdb::Options options;
  options.paranoid_checks = true;
  rocksdb::SstFileReader reader{options};
  rocksdb::Status status = reader.Open((fs::path{directory} / name).string());
  if (status.ok()) status = reader.VerifyChecksum();
  if (status.ok()) return;
  Fault fault{.kind = Fault::Kind::damaged};
  fault.file = name;
  fault.problem = status.ToString();
  faults.add(std::move(fault));
}

std::vector<std::string> names_with(const std::string& directory, std::string_view extension) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
       at.increment(failed)) {
    if (at->path().extension() == extension) names.push_back(at->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string_view table_name(char letter) {
  switch (letter) {
    case keys::member_table:
      return "members";
    case keys::ledger_table:
      return "ledger";
    case keys::order_table:
      return "orders";
    case keys::delivery_table:
      return "deliveries";
    case keys::parked_table:
      return "parked refunds";
    case keys::reservation_table:
      return "reservations";
    case keys::timer_table:
      return "timers";
    case keys::checkpoint_table:
      return "checkpoint";
    case keys::position_table:
      return "changelog position";
    default:
      return "unknown";
  }
}

Inspection::Inspection(std::unique_ptr<RocksOpened> rocks) : rocks_{std::move(rocks)} {}
Inspection::~Inspection() = default;

Result<std::unique_ptr<Inspection>> Inspection::open(const std::string& directory, bool whole_log) {
  if (auto prepared = prepare_directory(directory, false); !prepared) return prepared.error();
  RocksOptions options;
  options.block_cache_bytes = std::size_t{64} << 20U;
  options.whole_log = whole_log;
  auto opened = open_rocks(directory, options, Access::read_only, keys::partition_bytes + 1);
  if (!opened) return opened.error();
  auto rocks = std::make_unique<RocksOpened>(std::move(*opened));
  return std::unique_ptr<Inspection>{new Inspection{std::move(rocks)}};
}

std::vector<TableFileSize> Inspection::table_files() const {
  std::vector<TableFileSize> out;
  for (const rocksdb::LiveFileMetaData& file : rocks_->map->live_files()) {
    const bool history = file.column_family_name == history_family_name;
    out.push_back({without_slash(file.name), history ? "history" : "state", file.size});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

Result<std::vector<std::uint32_t>> Inspection::partitions() { return partitions_in(*rocks_->map); }

Result<std::optional<ports::Checkpoint>> Inspection::checkpoint(std::uint32_t partition) {
  PartitionStore store{*rocks_->map, partition, nullptr};
  return store.checkpoint();
}

Result<void> Inspection::members(std::uint32_t partition,
                                 const std::function<Result<void>(const member::Record&)>& visit) {
  PartitionStore store{*rocks_->map, partition, nullptr};
  return store.scan(visit);
}

Result<std::vector<TableSize>> Inspection::sizes(std::uint32_t partition, std::size_t largest_max) {
  PrefixedMap map{*rocks_->map, partition_prefix(partition)};
  std::vector<TableSize> out;
  for (const char letter : table_letters) {
    TableSize size{.letter = letter};
    Largest largest{largest_max};
    // A timer's keys come day by day.
    const bool by_member = letter != keys::timer_table;
    const auto scanned =
        map.scan(std::string_view{&letter, 1}, std::string(1, static_cast<char>(letter + 1)),
                 [&](std::string_view key, std::string_view value) -> Result<bool> {
                   ++size.rows;
                   size.bytes += key.size() + value.size();
                   if (by_member) largest.add(owner_of(letter, key), key.size() + value.size());
                   return true;
                 });
    if (!scanned) return scanned.error();
    size.largest = largest.take();
    if (size.rows > 0) out.push_back(std::move(size));
  }
  return out;
}

Audited Inspection::audit(std::uint32_t partition, const AuditRules& rules, Faults& faults) {
  PrefixedMap map{*rocks_->map, partition_prefix(partition)};
  PartitionStore store{*rocks_->map, partition, nullptr};
  return PartitionAudit{map, store, partition, rules, faults}.run();
}

std::uint64_t check_table_files(const std::string& directory,
                                const std::vector<TableFileSize>* files, Faults& faults) {
  std::vector<std::string> names;
  if (files == nullptr) {
    names = names_with(directory, ".sst");
  } else {
    for (const TableFileSize& file : *files) names.push_back(file.name);
  }
  std::uint64_t bytes = 0;
  for (const std::string& name : names) {
    std::error_code missing;  // check_file() says so, too.
    const auto size = fs::file_size(fs::path{directory} / name, missing);
    if (!missing) bytes += size;
    check_file(directory, name, faults);
  }
  return bytes;
}

std::string log_files(const std::string& directory) {
  std::string out;
  for (const std::string& name : names_with(directory, ".log")) {
    out += out.empty() ? name : " " + name;
  }
  return out;
}

}  // namespace fealty::state
