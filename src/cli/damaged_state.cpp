#include "damaged_state.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "fealty/base/time.hpp"
#include "fealty/files/atomic_file.hpp"
#include "fealty/log/log.hpp"
#include "fealty/state/in_use.hpp"
#include "program_beside.hpp"

namespace fealty::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view note_name = "DAMAGED";

/// "20261127T004712Z": in a name of a file a time has no colons.
std::string now_in_a_name() {
  const auto now =
      std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  std::string text = to_rfc3339(EventTime{now});
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '-' || c == ':'; }),
             text.end());
  return text;
}

/// `base`, or with a number behind it, so that nothing is there.
fs::path unused(const fs::path& base) {
  fs::path out = base;
  for (int number = 2; fs::exists(fs::symlink_status(out)); ++number) {
    out = base;
    out += "-" + std::to_string(number);
  }
  return out;
}

/// What is in a directory that cannot be renamed itself, a mount point as a rule. FORMAT goes last:
/// interrupted, the directory is still one of ours, and without CURRENT a damaged one, or empty.
Result<fs::path> move_contents(const fs::path& directory, const std::string& time) {
  const fs::path to = unused(directory / ("damaged-" + time));
  std::error_code failed;
  std::vector<fs::path> names;
  for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
       at.increment(failed)) {
    if (!at->path().filename().string().starts_with("damaged-")) {
      names.push_back(at->path().filename());
    }
  }
  const auto rank = [](const fs::path& name) {
    return name == "CURRENT" ? 0 : name == "FORMAT" ? 2 : 1;
  };
  std::stable_sort(names.begin(), names.end(),
                   [&](const fs::path& a, const fs::path& b) { return rank(a) < rank(b); });
  if (!failed) fs::create_directory(to, failed);
  for (auto name = names.begin(); !failed && name != names.end(); ++name) {
    fs::rename(directory / *name, to / *name, failed);
  }
  if (failed) {
    return Error{Errc::output_unwritable, "state.dir",
                 directory.string() + ": cannot be moved aside: " + failed.message()};
  }
  return to;
}

/// Where it lies now.
Result<fs::path> move_aside(const std::string& state_directory) {
  std::error_code failed;
  fs::path directory = fs::canonical(state_directory, failed);  // Not a link to it.
  if (failed) {
    return Error{Errc::output_unwritable, "state.dir", state_directory + ": " + failed.message()};
  }
  const std::string time = now_in_a_name();
  fs::path to = directory;
  to += ".damaged-" + time;
  to = unused(to);
  fs::rename(directory, to, failed);
  if (failed) return move_contents(directory, time);
  fs::create_directory(directory, failed);
  if (failed) {
    return Error{Errc::output_unwritable, "state.dir",
                 directory.string() + ": " + failed.message()};
  }
  return to;
}

/// What reading found the last time; empty where nothing was noted.
std::string noted(const std::string& state_directory) {
  const auto text = files::read_file((fs::path{state_directory} / note_name).string());
  return text ? text->substr(0, text->find('\n')) : std::string{};
}

Result<std::unique_ptr<ports::MemberStores>> rebuild(const StateOptions& options,
                                                     const std::string& why) {
  if (state::in_use(options.dir)) {
    return Error{Errc::state_in_use, "state.dir", options.dir + " is in use by another process"};
  }
  const auto moved = move_aside(options.dir);
  if (!moved) return moved.error();
  log::error("state.damaged", {{"directory", options.dir},
                               {"moved_to", moved->string()},
                               {"why", why},
                               {"next", "an empty one is restored from the changelog"}});
  auto stores = open_stores(options);
  if (!stores) return stores;
  const auto programs = programs_beside(moved->string());
  if (auto kept = keep_programs_beside(options.dir, programs); !kept) return kept.error();
  return stores;
}

}  // namespace

Result<std::unique_ptr<ports::MemberStores>> open_service_stores(const StateOptions& options,
                                                                 config::OnDamage policy) {
  const bool rebuilds = policy == config::OnDamage::rebuild;
  const std::string before = noted(options.dir);
  if (!before.empty() && rebuilds) return rebuild(options, before);
  if (!before.empty()) {
    log::warn("state.was_damaged",
              {{"directory", options.dir},
               {"why", before},
               {"next",
                "`fealty state verify` looks at all of it; with state.on_damage: rebuild "
                "the next start restores it; remove the file DAMAGED where it was mended"}});
  }
  auto stores = open_stores(options);
  if (stores || stores.error().code != Errc::store_corrupt || !rebuilds) return stores;
  return rebuild(options, to_string(stores.error()));
}

void note_damage(const std::string& state_directory, const Error& error) {
  if (error.code != Errc::store_corrupt || error.field == "changelog") return;
  const std::string file = (fs::path{state_directory} / note_name).string();
  const auto written = files::write_atomically(file, to_string(error) + "\n", true);
  if (!written) {
    log::warn("state.damage_not_noted", {{"file", file}, {"error", to_string(written.error())}});
  }
}

}  // namespace fealty::cli
