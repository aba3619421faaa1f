#include "src/catalogue.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

namespace fealty::state {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view note_name = "CATALOGUE", note_name_new = "CATALOGUE.new";

struct Catalogue {
  std::string name;
  std::uintmax_t bytes = 0;
};

/// The one that CURRENT names; nullopt where there is none.
std::optional<Catalogue> current(const fs::path& directory) {
  Catalogue out;
  std::ifstream file{directory / "CURRENT"};
  if (!std::getline(file, out.name) || !out.name.starts_with("MANIFEST-")) return std::nullopt;
  std::error_code failed;
  out.bytes = fs::file_size(directory / out.name, failed);
  return failed ? std::nullopt : std::optional{out};
}

std::optional<Catalogue> noted(const fs::path& directory) {
  Catalogue out;
  std::ifstream file{directory / note_name};
  return file >> out.name >> out.bytes ? std::optional{out} : std::nullopt;
}

}  // namespace

void CatalogueWatch::note() {
  const std::lock_guard turn{noting_};
  const fs::path directory{directory_};
  const auto now = current(directory);
  if (!now) return;
  {
    std::ofstream file{directory / note_name_new, std::ios::trunc};
    file << now->name << ' ' << now->bytes << '\n';
    file.close();
    if (!file) return;
  }
  std::error_code ignored;
  fs::rename(directory / note_name_new, directory / note_name, ignored);
}

Result<void> check_catalogue(const std::string& directory) {
  const auto before = noted(directory);  // First: the other only grows.
  const auto now = current(directory);
  if (!before || !now || now->name != before->name || now->bytes >= before->bytes) return {};
  return Error{Errc::store_corrupt, "state",
               directory + "/" + now->name + ": it was cut off, " + std::to_string(now->bytes) +
                   " bytes are left of at least " + std::to_string(before->bytes)};
}

}  // namespace fealty::state
