#include "program_beside.hpp"

#include <filesystem>

#include "fealty/files/atomic_file.hpp"

namespace fealty::cli {

std::string program_beside(const std::string& state_directory) {
  return (std::filesystem::path{state_directory} / "program.yaml").string();
}

Result<void> keep_program_beside(const std::string& state_directory,
                                 const std::string& program_file) {
  const auto text = files::read_file(program_file);
  if (!text) return text.error();
  return files::write_atomically(program_beside(state_directory), *text, false);
}

}  // namespace fealty::cli
