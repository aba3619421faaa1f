#include "program_beside.hpp"

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "fealty/files/atomic_file.hpp"

namespace fealty::cli {
namespace {

/// program.yaml, program-2.yaml, program-3.yaml, ...
std::string beside(const std::string& state_directory, std::size_t number) {
  const std::string name =
      number == 1 ? "program.yaml" : "program-" + std::to_string(number) + ".yaml";
  return (std::filesystem::path{state_directory} / name).string();
}

}  // namespace

std::vector<std::string> programs_beside(const std::string& state_directory) {
  std::vector<std::string> out;
  for (std::size_t number = 1;; ++number) {
    const std::string file = beside(state_directory, number);
    if (!std::filesystem::exists(file)) return out;
    out.push_back(file);
  }
}

Result<config::LoadedSeries> load_series_beside(const std::string& path,
                                                const std::string& state_directory) {
  // One by one: a later generation alone is no series.
  std::vector<std::string> all = config::program_files(path);
  std::optional<program::Program> oldest;
  for (const std::string& file : all) {
    auto loaded = config::load_program(file);
    if (!loaded) return config::load_series({&path, 1});  // It says every fault of every file.
    if (!oldest || loaded->program.version < oldest->version) oldest = std::move(loaded->program);
  }
  for (const std::string& kept : programs_beside(state_directory)) {
    const auto loaded = config::load_program(kept);
    if (!loaded) return loaded.error();
    const program::Program& earlier = loaded->program;
    if (oldest && earlier.id == oldest->id && earlier.version < oldest->version) {
      all.push_back(kept);
    }
  }
  return config::load_series(all.empty() ? std::vector{path} : all);
}

std::vector<ports::Generation> generations_of(const program::Series& series) {
  std::vector<ports::Generation> out;
  for (const program::Program& one : series.generations()) {
    ports::Generation& generation = out.emplace_back();
    generation.version = one.version;
    generation.fingerprint = one.fingerprint;
    // Whatever it says, the first one judges all that was before.
    if (out.size() > 1) generation.valid_from = one.valid_from;
  }
  return out;
}

Result<void> keep_programs_beside(const std::string& state_directory,
                                  std::span<const std::string> program_files) {
  std::vector<std::string> texts;  // All are read first: they may be the very copies.
  for (const std::string& file : program_files) {
    auto text = files::read_file(file);
    if (!text) return text.error();
    texts.push_back(std::move(*text));
  }
  std::size_t number = 0;
  for (const std::string& text : texts) {
    if (auto kept = files::write_atomically(beside(state_directory, ++number), text, false);
        !kept) {
      return kept.error();
    }
  }
  std::error_code ignored;
  while (std::filesystem::remove(beside(state_directory, ++number), ignored)) {
  }
  return {};
}

}  // namespace fealty::cli
