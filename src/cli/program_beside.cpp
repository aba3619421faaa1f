#include "program_beside.hpp"

#include <filesystem>
#include <system_error>

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
