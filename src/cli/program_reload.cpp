#include "program_reload.hpp"

#include <utility>

#include "fealty/log/log.hpp"
#include "program_beside.hpp"

namespace fealty::cli {
namespace {

/// For the workers to come to the end of their batches. Not for a restore: that takes what it
/// takes.
constexpr std::chrono::milliseconds patience{500};

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
                 version +
                     " is in force, and what changed in it would change outcomes: give it "
                     "the next version and a valid_from to come"};
  }
  return {};
}

}  // namespace

ProgramReload::ProgramReload(std::string path, std::string state_directory,
                             config::LoadedSeries& loaded, Workers& workers)
    : path_{std::move(path)},
      state_directory_{std::move(state_directory)},
      loaded_{loaded},
      workers_{workers},
      signal_{path_, hangup_signal()} {}

void ProgramReload::look() {
  if (const Reload why = signal_.take(); why != Reload::no) pending_ = why;
  if (pending_ == Reload::no) return;
  const auto done = reload();
  if (done && !*done) return;  // Again at the next look.
  const std::string_view cause =
      std::exchange(pending_, Reload::no) == Reload::hangup ? "SIGHUP" : "file_changed";
  if (done) {
    log::info("program.reloaded", {{"cause", cause},
                                   {"version", loaded_.series.newest().version},
                                   {"generations", loaded_.series.generations().size()}});
  } else {
    log::error("program.refused", {{"cause", cause},
                                   {"file", path_},
                                   {"reason", to_string(done.error())},
                                   {"so", "the program stays as it was"}});
  }
}

Result<bool> ProgramReload::reload() {
  auto fresh = load_series_beside(path_, state_directory_);
  if (!fresh) return fresh.error();
  if (auto fits = goes_on(loaded_.series, fresh->series); !fits) return fits.error();
  Result<void> adopted;
  const bool stood =
      workers_.standstill().during(patience, [&] { adopted = adopt(std::move(*fresh)); });
  if (!adopted) return adopted.error();
  if (!stood) return false;
  if (auto kept = keep_programs_beside(state_directory_, loaded_.files); !kept) return kept.error();
  return true;
}

/// While all workers stand still.
Result<void> ProgramReload::adopt(config::LoadedSeries fresh) {
  const auto generations = generations_of(fresh.series);
  const auto members = workers_.members();
  for (const runtime::Members* const one : members) {
    if (auto may = one->may_adopt(generations); !may) return may;
  }
  for (runtime::Members* const one : members) one->adopt(generations);
  loaded_ = std::move(fresh);
  return {};
}

}  // namespace fealty::cli
