#include "check_command.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/config/mapping_loader.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/config/service.hpp"
#include "fealty/config/yaml.hpp"
#include "fealty/kafka/options.hpp"
#include "fealty/kafka/properties.hpp"
#include "kafka_options.hpp"
#include "live_check.hpp"
#include "program_beside.hpp"
#include "service_settings.hpp"

namespace fealty::cli {
namespace {

enum class Kind : std::uint8_t { program, service, mapping };

/// Told by the keys of the top level, so that a file may have any name. A file that cannot be told
/// is checked as a program.
Kind kind_of(const config::Node& root) {
  const auto has = [&](std::string_view key) { return root.find(key) != nullptr; };
  for (const config::Node::Member& member : root.members) {
    if (config::is_service_key(member.key)) return Kind::service;
  }
  const bool mapping = has("types") || has("envelope") || has("format") || has("columns");
  return mapping && !has("earn") && !has("levels") ? Kind::mapping : Kind::program;
}

/// Its own faults, then those of the program and mapping that it names.
std::vector<Error> check_service(const std::string& file) {
  const auto service = service_file(file);
  if (!service) return {service.error()};
  std::vector<Error> faults;
  if (auto fit = kafka::validate(kafka_options(service->kafka, 0)); !fit) {
    faults.push_back(Error{fit.error().code, "kafka", file + ": kafka: " + fit.error().detail});
  } else if (auto made = kafka::try_clients(kafka_options(service->kafka, 0)); !made) {
    faults.push_back(Error{made.error().code, "kafka", file + ": kafka: " + made.error().detail});
  }
  if (auto loaded = load_series_beside(service->program, service->state_dir); !loaded) {
    faults.push_back(loaded.error());
  }
  if (auto loaded = config::load_mapping(service->mapping); !loaded) {
    faults.push_back(loaded.error());
  }
  for (const config::IngestInput& input : service->ingest.inputs) {
    if (auto loaded = config::load_mapping(input.mapping); !loaded)
      faults.push_back(loaded.error());
  }
  return faults;
}

template <class T>
std::vector<Error> faults_of(const Result<T>& loaded) {
  return loaded ? std::vector<Error>{} : std::vector<Error>{loaded.error()};
}

/// Program files that are sound by themselves, by the id of their program.
using Generations = std::map<std::string, std::vector<std::string>>;

std::vector<Error> check_program(const std::string& file, Generations& generations) {
  const auto loaded = config::load_program(file);
  if (loaded) generations[loaded->program.id].push_back(file);
  return faults_of(loaded);
}

std::vector<Error> check_file(const std::string& file, std::string_view& what,
                              Generations& generations) {
  config::Faults faults{file};
  const auto root = config::read_yaml(file, faults);
  if (!root) return {faults.error("file")};
  switch (kind_of(*root)) {
    case Kind::service:
      what = "service";
      return check_service(file);
    case Kind::mapping:
      what = "mapping";
      return faults_of(
          config::load_mapping(file.find('/') == std::string::npos ? "./" + file : file));
    case Kind::program:
      what = "program";
      return check_program(file, generations);
  }
  return {};
}

/// Several files of one program are its generations: together they must be a series.
int check_series(const std::string& id, const std::vector<std::string>& files) {
  if (files.size() < 2) return exit_ok;
  const auto loaded = config::load_series(files);
  if (!loaded) return fail(loaded.error());
  fmt::print("program {}: ok ({} generations)\n", id, files.size());
  return exit_ok;
}

int check_all(const std::vector<std::string>& files) {
  int result = exit_ok;
  Generations generations;
  for (const std::string& file : files) {
    std::string_view what = "file";
    const auto faults = check_file(file, what, generations);
    for (const Error& fault : faults) result = fail(fault);
    if (faults.empty()) fmt::print("{}: ok ({})\n", printable(file), what);
  }
  for (const auto& [id, of_program] : generations) {
    if (const int code = check_series(id, of_program); code != exit_ok) result = code;
  }
  return result;
}

struct Live {
  bool on = false, json = false;
  std::vector<std::string> sets;
};

int check_live(const std::vector<std::string>& files, const Live& live) {
  if (files.size() != 1) {
    return fail(Error{Errc::usage, "--live", "takes one service file"});
  }
  return check_live_service(files.front(), live.sets, live.json);
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_code) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("check",
                                         "Validate program, service and mapping files: every fault "
                                         "at once; several files of one program "
                                         "as its generations");
  command->add_option("FILE", *files, "Files, of any of the three kinds")->required();
  auto live = std::make_shared<Live>();
  CLI::Option* const tries = command->add_flag(
      "--live", live->on,
      "Of one service file: try everything that `run` will need, and print what mends it");
  command->add_option("--set", live->sets, "With --live, as for run: a.b=value; may be repeated")
      ->needs(tries);
  command->add_flag("--json", live->json, "With --live: the findings as JSON")->needs(tries);
  command->callback([files, live, &exit_code] {
    exit_code = live->on ? check_live(*files, *live) : check_all(*files);
  });
}

}  // namespace fealty::cli
