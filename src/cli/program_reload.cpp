#include "program_reload.hpp"

#include <utility>

#include "fealty/log/log.hpp"
#include "program_beside.hpp"

namespace fealty::cli {
namespace {

/// Whether `fresh` has every generation of `now` as it was.
Result<void> goes_on(const program::Series& now, const program::Series& fresh) {
  for (const program::Program& one : now.generations()) {
    const program::Program* const same = fresh.of_version(one.version);
    const std::string version = "version " + std::to_string(one.version);
    if (same == nullptr) {
      return Error{Errc::wrong_program, "program",
                   version + " is in force and must stay: raise the version of what changes"};
    }
    if (same->fingerprint == one.fingerprint && same->valid_from == one.valid_from) continue;
    return Error{Errc::wrong_program, "program",
                 version + " is in force, and what changed in it would change outcomes: give it "
                           "the next version and a valid_from to come"};
  }
  return {};
}

}  // namespace

ProgramReload::ProgramReload(std::string path, std::string state_directory, program::Series& series,
                             runtime::Members& members)
    : path_{std::move(path)},
      state_directory_{std::move(state_directory)},
      series_{series},
      members_{members},
      signal_{path_, hangup_signal()} {}

void ProgramReload::look() {
  const Reload why = signal_.take();
  if (why == Reload::no) return;
  const auto done = reload();
  const std::string_view cause = why == Reload::hangup ? "SIGHUP" : "file_changed";
  if (done) {
    log::info("program.reloaded", {{"cause", cause},
                                   {"version", series_.newest().version},
                                   {"generations", series_.generations().size()}});
  } else {
    log::error("program.refused", {{"cause", cause},
                                   {"file", path_},
                                   {"reason", to_string(done.error())},
                                   {"so", "the program stays as it was"}});
  }
}

Result<void> ProgramReload::reload() {
  auto fresh = load_series_beside(path_, state_directory_);
  if (!fresh) return fresh.error();
  if (auto fits = goes_on(series_, fresh->series); !fits) return fits;
  if (auto adopted = members_.adopt(generations_of(fresh->series)); !adopted) return adopted;
  series_ = std::move(fresh->series);
  return keep_programs_beside(state_directory_, fresh->files);
}

}  // namespace fealty::cli
