#include "src/directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <iterator>
#include <vector>

#include "fealty/state/record_codec.hpp"
#include "fealty/state/rocks_stores.hpp"

namespace fealty::state {
namespace {

namespace fs = std::filesystem;

/// Of the directory. Its records are of format_version, as are those of the changelog.
constexpr std::uint32_t directory_version = 3;
/// From this one on they were so, too.
constexpr std::uint32_t same_records_since = 2;
constexpr std::string_view format_head = "fealty-state ";
constexpr std::string_view format_name = "FORMAT";
constexpr std::string_view format_name_new = "FORMAT.new";
constexpr std::string_view replay_again =
    "replay the whole log into an empty state directory with this release";
constexpr std::string_view or_restore =
    "; a worker restores an empty one from its changelog by itself";

Error unwritable(const fs::path& directory, const std::string& why) {
  return {Errc::output_unwritable, "state", directory.string() + ": " + why};
}

Error no_state(const fs::path& directory) {
  return {Errc::input_unreadable, "state", directory.string() + ": holds no state"};
}

Result<void> write_format(const fs::path& directory) {
  const fs::path fresh = directory / format_name_new;
  std::ofstream file{fresh, std::ios::binary | std::ios::trunc};
  file << format_head << directory_version << '\n';
  file.close();
  std::error_code failed;
  if (file) fs::rename(fresh, directory / format_name, failed);
  if (!file || failed) return unwritable(directory, "cannot write to this directory");
  return {};
}

Result<void> check_format(const fs::path& directory) {
  std::ifstream file{directory / format_name, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const std::string in_directory = directory.string() + "/FORMAT";
  std::uint32_t format = 0;
  if (text.starts_with(format_head)) {
    std::from_chars(text.data() + format_head.size(), text.data() + text.size(), format);
  }
  if (format == 0) return Error{Errc::store_corrupt, "state", in_directory + ": not readable"};
  if (format > directory_version) {
    return Error{Errc::wrong_revision, "state",
                 directory.string() + ": format " + std::to_string(format) +
                     " of a newer Fealty, this one reads up to " +
                     std::to_string(directory_version) + ": start that one"};
  }
  if (format < directory_version) {
    return Error{Errc::wrong_revision, "state",
                 directory.string() + ": format " + std::to_string(format) +
                     " of an older Fealty, this one reads " + std::to_string(directory_version) +
                     " only: " + std::string{replay_again} +
                     (format >= same_records_since ? std::string{or_restore} : std::string{})};
  }
  return {};
}

/// Calls `visit` with the name of each entry until it answers with an error.
Result<void> visit_names(const fs::path& directory,
                         const std::function<Result<void>(const fs::path&)>& visit) {
  std::error_code failed;
  for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
       at.increment(failed)) {
    if (auto visited = visit(at->path().filename()); !visited) return visited;
  }
  if (failed) return unwritable(directory, failed.message());
  return {};
}

/// RocksDB would start afresh where CURRENT is missing, and forget every member.
Result<void> check_current(const fs::path& directory, bool make) {
  std::error_code failed;
  if (fs::exists(directory / "CURRENT", failed)) return {};
  auto visited = visit_names(directory, [&](const fs::path& name) -> Result<void> {
    if (name.extension() != ".sst" && !name.string().starts_with("MANIFEST-")) return {};
    return Error{Errc::store_corrupt, "state", directory.string() + "/CURRENT: missing"};
  });
  if (!visited || make) return visited;
  return no_state(directory);
}

/// Whether it is a partition's own directory, of which earlier releases made one each.
bool is_partition(const fs::path& directory) {
  const std::string name = directory.filename().string();
  std::error_code failed;
  return name.size() >= 5 && name[0] == 'p' &&
         std::all_of(name.begin() + 1, name.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         fs::exists(directory / format_name, failed);
}

/// There is no FORMAT in it: whose is it?
Result<void> check_foreign(const fs::path& directory, bool make) {
  std::vector<fs::path> names;
  const auto listed = visit_names(directory, [&](const fs::path& name) -> Result<void> {
    if (name != format_name_new) names.push_back(name);  // That is a start that was cut off.
    return {};
  });
  if (!listed) return listed;
  for (const fs::path& name : names) {
    if (!is_partition(directory / name)) continue;
    return Error{Errc::wrong_revision, "state",
                 directory.string() + ": of an older Fealty, with a directory a partition (" +
                     name.string() +
                     "), which this one does not read: " + std::string{replay_again}};
  }
  if (!make) return no_state(directory);
  if (names.empty()) return {};
  return unwritable(directory, "holds files that are no Fealty state (there is no FORMAT file)");
}

}  // namespace

Result<void> prepare_directory(const fs::path& directory, bool make) {
  std::error_code failed;
  const fs::file_status status = fs::status(directory, failed);
  if (!fs::exists(status)) {
    if (failed && failed != std::errc::no_such_file_or_directory) {
      return unwritable(directory, failed.message());
    }
    if (!make)
      return Error{Errc::input_unreadable, "state", directory.string() + ": no such directory"};
    fs::create_directories(directory, failed);
    if (failed) return unwritable(directory, failed.message());
  } else if (!fs::is_directory(status)) {
    return unwritable(directory, "not a directory");
  }
  if (fs::exists(directory / format_name, failed)) {
    if (auto known = check_format(directory); !known) return known;
    return check_current(directory, make);
  }
  if (failed) return unwritable(directory, failed.message());
  if (auto ours = check_foreign(directory, make); !ours) return ours;
  return write_format(directory);
}

bool has_direct_io(const fs::path& directory) {
  const int fd = ::open((directory / format_name).c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

/// RocksDB locks this file as a whole.
bool in_use(const std::string& directory) {
  const int file = ::open((directory + "/LOCK").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool held = ::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(file);
  return held;
}

}  // namespace fealty::state
