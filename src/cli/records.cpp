#include "records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "program_beside.hpp"

namespace fealty::cli {
namespace {

std::string versions_of(const std::vector<ports::Generation>& generations) {
  std::string out;
  for (const ports::Generation& one : generations) {
    out += (out.empty() ? "" : ", ") + std::to_string(one.version);
  }
  return out;
}

const ports::Generation* of_version(const std::vector<ports::Generation>& all,
                                    std::uint32_t version) {
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const ports::Generation& one) { return one.version == version; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

Result<void> check_records(const Records& records, const program::Series& series,
                           const codec::Mapping& mapping, const ReplayOptions& options) {
  if (records.empty() || !records.back().timeline || options.what_if) return {};
  const files::RecordHeader& header = records.back();
  const auto given = generations_of(series);
  for (const ports::Generation& went_by : header.generations) {
    const ports::Generation* const same = of_version(given, went_by.version);
    if (same != nullptr && same->fingerprint == went_by.fingerprint &&
        same->valid_from == went_by.valid_from) {
      continue;
    }
    return Error{Errc::usage, "--program",
                 fmt::format("the record goes by version {} of program '{}' from offset {} on, {}: "
                             "name its file, too (`fealty record` puts it into programs/ where it "
                             "finds it), or replay it under another with --what-if",
                             went_by.version, header.program_id, went_by.adopted_at,
                             same == nullptr ? "which is not given"
                                             : "and what is given as that version differs")};
  }
  for (const ports::Generation& one : given) {
    if (of_version(header.generations, one.version) != nullptr) continue;
    return Error{
        Errc::wrong_program, "--program",
        fmt::format("version {} is given, but the record goes by {} of program '{}': leave "
                    "it out, or replay it under another with --what-if",
                    one.version, versions_of(header.generations), header.program_id)};
  }
  if (mapping.fingerprint != header.mapping_fingerprint ||
      (mapping.fingerprint == 0 && options.mapping != header.mapping)) {
    return Error{Errc::usage, "--format",
                 fmt::format("the record is in the format of '{}', which is not what is given: "
                             "--format {}, or --what-if",
                             header.mapping, header.mapping)};
  }
  return {};
}

void as_recorded(const Records& records, const program::Series& series,
                 runtime::MembersOptions& members) {
  if (records.empty()) return;
  members.future_ms_max = series.first().future_s_max * 1000;
  if (records.back().key_check) members.key_policy = runtime::KeyPolicy::deadletter;
  members.input_partitions = records.back().partitions;
}

std::unique_ptr<files::RecordedSource> unpack(const Records& records, ports::Source& lines) {
  if (records.empty()) return nullptr;
  return std::make_unique<files::RecordedSource>(lines, records.front());
}

}  // namespace fealty::cli
