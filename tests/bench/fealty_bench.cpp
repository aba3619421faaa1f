// fealty_bench parse-only|decode|core --log FILE: the rate of one part alone, on one thread, with
// the log in memory. fealty_bench versions: what it was built with. JSON to stdout; bench.py reads
// it.
#include <fmt/format.h>
#include <rocksdb/version.h>
#include <simdjson.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <vector>

#include "fealty/config/program_loader.hpp"
#include "fealty/version.hpp"
#include "measures.hpp"

namespace fealty::bench {
namespace {

struct Options {
  std::string what, log, program = "config/programs/default.yaml";
  std::size_t events = 0;  // of the log; 0 = all
  std::size_t passes = 3;
};

int fail(const Error& error) {
  fmt::print(stderr, "fealty_bench: {}\n", to_string(error));
  return 1;
}

Result<CorePass> one_pass(const Options& options, const LogFile& log) {
  if (options.what == "parse-only") return CorePass{parse_only(log), 0, 0};
  if (options.what == "decode") return CorePass{decode(log), 0, 0};
  const auto loaded = config::load_program(options.program);
  if (!loaded) return loaded.error();
  return core(log, loaded->program);
}

/// Passes over the same log; the median by time.
int measure(const Options& options) {
  const auto log = read_log(options.log, options.events);
  if (!log) return fail(log.error());
  std::vector<CorePass> passes;
  for (std::size_t i = 0; i < options.passes; ++i) {
    auto pass = one_pass(options, *log);
    if (!pass) return fail(pass.error());
    passes.push_back(*pass);
  }
  std::sort(passes.begin(), passes.end(),
            [](const CorePass& a, const CorePass& b) { return a.pass.seconds < b.pass.seconds; });
  const CorePass& median = passes[passes.size() / 2];
  std::size_t line_bytes = 0;
  for (const std::string_view line : log->lines) line_bytes += line.size();
  fmt::print(
      "{{\"what\": \"{}\", \"events\": {}, \"refused\": {}, \"passes\": {}, \"seconds\": {:.6f}, "
      "\"eps\": {:.0f}, \"eps_worst\": {:.0f}, \"eps_best\": {:.0f}, \"eps_cpu\": {:.0f}, "
      "\"bytes_per_event\": {:.1f}, "
      "\"members\": {}, \"cache_bytes\": {}, \"checksum\": {}}}\n",
      options.what, median.pass.events, median.pass.refused, passes.size(), median.pass.seconds,
      static_cast<double>(median.pass.events) / median.pass.seconds,
      static_cast<double>(median.pass.events) / passes.back().pass.seconds,
      static_cast<double>(median.pass.events) / passes.front().pass.seconds,
      static_cast<double>(median.pass.events) / median.pass.cpu_seconds,
      static_cast<double>(line_bytes) /
          static_cast<double>(std::max<std::size_t>(1, log->lines.size())),
      median.members, median.cache_bytes, median.pass.checksum);
  return 0;
}

int versions() {
  fmt::print(
      "{{\"fealty\": \"{}\", \"compiler\": \"{}\", \"simdjson\": \"{}.{}.{}\", "
      "\"simdjson_kernel\": "
      "\"{}\", "
      "\"simdjson_compiled_kernel\": \"{}\", \"rocksdb\": \"{}.{}.{}\"}}\n",
      FEALTY_VERSION, __VERSION__, simdjson::SIMDJSON_VERSION_MAJOR,
      simdjson::SIMDJSON_VERSION_MINOR, simdjson::SIMDJSON_VERSION_REVISION, simdjson_kernel(),
      simdjson_compiled_kernel(), ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH);
  return 0;
}

}  // namespace
}  // namespace fealty::bench

int main(int argc, char** argv) {
  fealty::bench::Options options;
  CLI::App app{"Rates of the parts of Fealty, each alone on one thread"};
  app.add_option("what", options.what, "What to measure")
      ->required()
      ->check(CLI::IsMember({"parse-only", "decode", "core", "versions"}));
  app.add_option("--log", options.log, "CloudEvents, one a line");
  app.add_option("--program", options.program, "Program file, for core")->capture_default_str();
  app.add_option("--events", options.events, "Only the first so many lines; 0 = all");
  app.add_option("--passes", options.passes, "Passes; the median counts")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (options.what == "versions") return fealty::bench::versions();
  if (options.log.empty()) return app.exit(CLI::RequiredError("--log"));
  return fealty::bench::measure(options);
}
