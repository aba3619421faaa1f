#include "src/directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/state/in_use.hpp"
#include "fealty/state/record_codec.hpp"
#include "fealty/state/rocks_stores.hpp"

namespace fealty::state {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view format_head = "fealty-state ";
constexpr std::string_view format_name = "FORMAT";
constexpr std::string_view format_name_new = "FORMAT.new";
constexpr std::string_view ingest_name = "ingest";
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

/// What the directory's FORMAT says.
Result<std::uint32_t> read_format(const fs::path& directory) {
  std::ifstream file{directory / format_name, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  std::uint32_t format = 0;
  const char* const end = text.data() + text.size();
  const char* const number = text.data() + std::min(text.size(), format_head.size());
  const auto read = std::from_chars(number, end, format);
  if (!text.starts_with(format_head) || read.ec != std::errc{} || format == 0 ||
      std::string_view{read.ptr, static_cast<std::size_t>(end - read.ptr)} != "\n") {
    return Error{Errc::store_corrupt, "state", directory.string() + "/FORMAT: not readable"};
  }
  return format;
}

Error of_newer(const fs::path& directory, std::uint32_t format) {
  return {Errc::wrong_revision, "state",
          directory.string() + ": format " + std::to_string(format) +
              " of a newer Fealty, this one reads up to " + std::to_string(directory_version) +
              ": start that one. There is no way back from its format but through the log: " +
              std::string{replay_again} + std::string{or_restore}};
}

Error of_older(const fs::path& directory, std::uint32_t format) {
  const std::string both = directory.string() + ": format " + std::to_string(format) +
                           " of an older Fealty, this one reads " +
                           std::to_string(directory_version);
  if (format >= directory_version_min) {
    return {Errc::wrong_revision, "state",
            both +
                ": `fealty run`, or `fealty replay --state`, of this release upgrades it when it "
                "opens it; until then ask the release that wrote it"};
  }
  return {Errc::wrong_revision, "state", both + " only: " + std::string{replay_again}};
}

/// `upgrade`: an older one may pass where there is a way up from it.
Result<std::uint32_t> check_format(const fs::path& directory, bool upgrade) {
  const auto format = read_format(directory);
  if (!format) return format;
  if (*format > directory_version) return of_newer(directory, *format);
  const bool older = *format < directory_version;
  if (older && (!upgrade || *format < directory_version_min)) return of_older(directory, *format);
  return format;
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
    const bool cut_off = name == format_name_new;  // a start that was
    const bool put_aside = name.string().starts_with("damaged-");
    // And what ingest keeps for itself.
    if (!cut_off && !put_aside && name != ingest_name) names.push_back(name);
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
  const auto has = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  // A database alone might be anybody's; with what lies beside ours it is one that lost the file.
  if (has("CURRENT") && (has("CATALOGUE") || has("program.yaml"))) {
    return Error{Errc::store_corrupt, "state", directory.string() + "/FORMAT: missing"};
  }
  if (!make) return no_state(directory);
  if (names.empty()) return {};
  return unwritable(directory, "holds files that are no Fealty state (there is no FORMAT file)");
}

}  // namespace

Result<void> write_format(const fs::path& directory) {
  const fs::path fresh = directory / format_name_new;
  const std::string text = std::string{format_head} + std::to_string(directory_version) + "\n";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == std::ssize(text);
  written = written && ::fsync(fd) == 0;
  if (fd >= 0) written = ::close(fd) == 0 && written;
  std::error_code failed;
  if (written) fs::rename(fresh, directory / format_name, failed);
  if (!written || failed) return unwritable(directory, "cannot write to this directory");
  return {};
}

Result<std::uint32_t> prepare_directory(const fs::path& directory, bool make) {
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
    auto format = check_format(directory, make);
    if (!format) return format;
    if (auto there = check_current(directory, make); !there) return there.error();
    return format;
  }
  if (failed) return unwritable(directory, failed.message());
  if (auto ours = check_foreign(directory, make); !ours) return ours.error();
  if (auto written = write_format(directory); !written) return written.error();
  return directory_version;
}

bool in_use(const fs::path& directory) {
  const int fd = ::open((directory / "LOCK").c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool held = ::fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(fd);
  return held;
}

bool has_direct_io(const fs::path& directory) {
  const int fd = ::open((directory / format_name).c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

}  // namespace fealty::state
