#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "fealty/config/program_loader.hpp"
#include "fealty/config/yaml.hpp"

namespace fealty::config {
namespace {

namespace fs = std::filesystem;

/// Directories become the program files in them, by name.
std::vector<std::string> files_of(std::span<const std::string> paths, std::vector<Error>& faults) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    std::error_code failed;
    if (!fs::is_directory(path, failed)) {
      out.push_back(path);
      continue;
    }
    std::vector<std::string> inside;
    for (fs::directory_iterator at{path, failed}, end; !failed && at != end; at.increment(failed)) {
      const std::string ending = at->path().extension().string();
      if (ending == ".yaml" || ending == ".yml") inside.push_back(at->path().string());
    }
    if (inside.empty()) {
      faults.push_back(
          {Errc::invalid_config, "program", path + ": no program file (*.yaml) in this directory"});
    }
    std::sort(inside.begin(), inside.end());
    out.insert(out.end(), inside.begin(), inside.end());
  }
  return out;
}

/// Where `key` ("program.version") stands in `file`; the file itself where it does not.
Place place_of(const std::string& file, std::string_view key) {
  Faults ignored{file};
  const auto root = read_yaml(file, ignored);
  const Node* node = root ? &*root : nullptr;
  Place out;
  while (node != nullptr && !key.empty()) {
    const auto dot = std::min(key.find('.'), key.size());
    node = node->find(key.substr(0, dot));
    if (node != nullptr) out = node->place;
    key.remove_prefix(std::min(dot + 1, key.size()));
  }
  return out;
}

Error joined(const std::vector<Error>& faults) {
  std::string detail;
  for (const Error& fault : faults) detail += (detail.empty() ? "" : "\n") + fault.detail;
  return {Errc::invalid_config, "program", std::move(detail)};
}

}  // namespace

std::vector<std::string> program_files(const std::string& path) {
  std::vector<Error> ignored;
  return files_of({&path, 1}, ignored);
}

Result<LoadedSeries> load_series(std::span<const std::string> paths) {
  std::vector<Error> faults;
  std::vector<std::pair<program::Program, std::string>> loaded;
  for (const std::string& file : files_of(paths, faults)) {
    auto one = load_program(file);
    if (one) {
      loaded.emplace_back(std::move(one->program), file);
    } else {
      faults.push_back(one.error());
    }
  }
  if (!faults.empty()) return joined(faults);
  if (loaded.empty()) return Error{Errc::invalid_config, "program", "no program file is named"};
  std::stable_sort(loaded.begin(), loaded.end(), [](const auto& a, const auto& b) {
    return a.first.valid_from < b.first.valid_from;
  });
  std::vector<program::Program> generations;
  std::vector<std::string> files;
  for (auto& [program, file] : loaded) {
    generations.push_back(std::move(program));
    files.push_back(file);
  }
  for (const program::SeriesFault& fault : program::series_faults(generations)) {
    Faults of_file{files[fault.generation]};
    of_file.add(place_of(files[fault.generation], fault.key), fault.key, fault.problem);
    faults.push_back(of_file.error("program"));
  }
  if (!faults.empty()) return joined(faults);
  return LoadedSeries{program::Series{std::move(generations)}, std::move(files)};
}

}  // namespace fealty::config
