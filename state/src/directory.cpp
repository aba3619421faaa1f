#include "src/directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>

#include "fealty/state/record_codec.hpp"

namespace fealty::state {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view format_head = "fealty-state ";
constexpr std::string_view format_name = "FORMAT";
constexpr std::string_view format_name_new = "FORMAT.new";

Error unwritable(const fs::path& directory, const std::string& why) {
  return {Errc::output_unwritable, "state", directory.string() + ": " + why};
}

Result<void> write_format(const fs::path& directory) {
  const fs::path fresh = directory / format_name_new;
  std::ofstream file{fresh, std::ios::binary | std::ios::trunc};
  file << format_head << format_version << '\n';
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
  if (format > format_version) {
    return Error{Errc::wrong_revision, "state",
                 directory.string() + ": format " + std::to_string(format) +
                     " of a newer Fealty, this one reads up to " + std::to_string(format_version)};
  }
  if (format < format_version) {
    return Error{Errc::wrong_revision, "state",
                 directory.string() + ": format " + std::to_string(format) +
                     " of an older Fealty, this one reads format " +
                     std::to_string(format_version) +
                     " only: replay the log into a new state directory"};
  }
  return {};
}

/// RocksDB would start afresh where CURRENT is missing, and forget every member.
Result<void> check_current(const fs::path& directory) {
  std::error_code failed;
  if (fs::exists(directory / "CURRENT", failed)) return {};
  for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
       at.increment(failed)) {
    const fs::path name = at->path().filename();
    if (name.extension() == ".sst" || name.string().starts_with("MANIFEST-")) {
      return Error{Errc::store_corrupt, "state", directory.string() + "/CURRENT: missing"};
    }
  }
  return {};
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
    return check_current(directory);
  }
  if (failed) return unwritable(directory, failed.message());
  for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
       at.increment(failed)) {
    if (at->path().filename() == format_name_new) continue;  // A start that was cut off.
    return unwritable(directory, "holds files that are no Fealty state (there is no FORMAT file)");
  }
  if (failed) return unwritable(directory, failed.message());
  if (!make) return Error{Errc::input_unreadable, "state", directory.string() + ": holds no state"};
  return write_format(directory);
}

bool has_direct_io(const fs::path& directory) {
  const int fd = ::open((directory / format_name).c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

}  // namespace fealty::state
