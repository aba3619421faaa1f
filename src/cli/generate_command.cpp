#include "generate_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "exit_code.hpp"
#include "fealty/generator/shop.hpp"

namespace fealty::cli {
namespace {

using generator::Shop;
using generator::ShopOptions;

struct Arguments {
  ShopOptions shop;
  std::string start, skew, format, truth_file;
  double rate_eps = 0;  // 0 = as fast as it goes
  bool live = false;
  bool events_given = false;
};

enum class Written { all, reader_gone, failed };  // a reader that has seen enough is no failure

/// Writes `text` to standard output.
Written write_out(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count > 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EPIPE) {
      return Written::reader_gone;
    } else if (errno != EINTR) {
      return Written::failed;
    }
  }
  return Written::all;
}

EventTime wall_clock() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

/// Fills in what depends on several options; an error names the option.
Result<void> complete(Arguments& arguments) {
  ShopOptions& shop = arguments.shop;
  if (!arguments.start.empty()) {
    const bool date_only = arguments.start.size() == 10;
    const auto start = parse_rfc3339(date_only ? arguments.start + "T00:00:00Z" : arguments.start);
    if (!start) return Error{Errc::usage, "--start", "no RFC 3339 time: " + arguments.start};
    shop.start = *start;
  }
  const std::string fallback = arguments.live ? "zipf" : "rates";
  const auto skew =
      generator::member_skew_named(arguments.skew.empty() ? fallback : arguments.skew);
  if (!skew) return Error{Errc::usage, "--member-skew", "one of rates, uniform, zipf"};
  shop.skew = *skew;
  const auto format = generator::format_named(arguments.format);
  if (!format) return Error{Errc::usage, "--format", "one of cloudevents, flat"};
  shop.format = *format;
  if (!(arguments.rate_eps >= 0)) return Error{Errc::usage, "--rate", "events a second, 0 or more"};
  if (arguments.live) {
    constexpr double day_s = 86'400, live_days_max = 3650;
    if (arguments.rate_eps == 0) arguments.rate_eps = 1000;
    const double per_day = arguments.rate_eps * day_s;
    if (!arguments.events_given) {
      shop.events = static_cast<std::uint64_t>(std::min(per_day * live_days_max, 1e12));
    }
    const double days = static_cast<double>(shop.events) / per_day + 1;
    shop.days = static_cast<std::int32_t>(std::min(days, live_days_max));
    shop.start = wall_clock();
  }
  const auto faults = shop.validate();
  if (!faults.empty()) {
    Error all{Errc::usage, faults.front().field, {}};
    for (const Error& fault : faults) {
      all.detail +=
          fmt::format("{}--{} {}", all.detail.empty() ? "" : "; ", fault.field, fault.detail);
    }
    return all;
  }
  return {};
}

bool write_truth(const Shop& shop, const Arguments& arguments) {
  std::ofstream out{arguments.truth_file, std::ios::binary};
  for (std::uint64_t i = 0; i < arguments.shop.members && out; ++i) {
    out << generator::truth_line(i, shop.truth(i));
  }
  out.flush();
  return out.good();
}

/// How many events are due after `seconds`; all that fit where no rate is asked for.
std::size_t events_due(const Arguments& arguments, double seconds, double sent) {
  constexpr double block_events = 4096;
  if (arguments.rate_eps == 0) return static_cast<std::size_t>(block_events);
  return static_cast<std::size_t>(
      std::clamp(arguments.rate_eps * seconds - sent, 0.0, block_events));
}

Written write_events(Shop& shop, const Arguments& arguments) {
  using std::chrono::steady_clock;
  const auto began = steady_clock::now();
  double sent = 0;
  std::string block;
  for (bool more = true; more;) {
    const std::chrono::duration<double> passed = steady_clock::now() - began;
    const std::size_t due = events_due(arguments, passed.count(), sent);
    if (due == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
      continue;
    }
    if (arguments.live) shop.stamp(wall_clock());
    block.clear();
    more = shop.next_block(block, due);
    sent += static_cast<double>(std::count(block.begin(), block.end(), '\n'));
    const Written written = write_out(block);
    if (written != Written::all) return written;
  }
  return Written::all;
}

int generate(Arguments& arguments) {
  const auto completed = complete(arguments);
  if (!completed) return fail(completed.error());
  Shop shop{arguments.shop};
  if (!arguments.truth_file.empty() && !write_truth(shop, arguments)) {
    return fail({Errc::output_unwritable, "--truth", arguments.truth_file});
  }
  if (write_events(shop, arguments) == Written::failed) {
    return fail({Errc::output_unwritable, "stdout", std::strerror(errno)});
  }
  return exit_ok;
}

void add_options(CLI::App& command, Arguments& arguments) {
  ShopOptions& shop = arguments.shop;
  command.add_option("--members", shop.members, "Members of the shop")->capture_default_str();
  command
      .add_option("--events", shop.events, "Lines to write, repeats and malformed ones included")
      ->capture_default_str();
  command.add_option("--seed", shop.seed, "Same seed, same bytes")->capture_default_str();
  command.add_option("--start", arguments.start, "First day, RFC 3339 (default 2025-01-01)");
  command.add_option("--days", shop.days, "Days that the events spread over")
      ->capture_default_str();
  command.add_option("--items", shop.items, "SKUs, of Zipf popularity")->capture_default_str();
  command.add_option("--member-skew", arguments.skew,
                     "rates: each member at their own rates; uniform or zipf: each event's member "
                     "drawn independently (default rates; with --live zipf)");
  command.add_option("--format", arguments.format, "cloudevents or flat")
      ->default_val("cloudevents");
  command.add_option("--refund-share", shop.refund_share, "Of purchases")->capture_default_str();
  command.add_option("--duplicate-share", shop.duplicate_share, "Of events, delivered twice")
      ->capture_default_str();
  command.add_option("--late-share", shop.late_share, "Of events, delivered late")
      ->capture_default_str();
  command.add_option("--late-hours", shop.late_hours_max, "How late at most")
      ->capture_default_str();
  command
      .add_option("--malformed-share", shop.malformed_share,
                  "Of events, preceded by a damaged copy")
      ->capture_default_str();
  command.add_option("--truth", arguments.truth_file,
                     "Write what each member was drawn to be, JSON lines");
  command.add_option("--rate", arguments.rate_eps, "Events a second (default: as fast as it goes)");
  command.add_flag("--live", arguments.live,
                   "Stamp events with the present time; without --events, until stopped");
}

}  // namespace

void add_generate_command(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("generate", "A synthetic shop with known truth, to stdout");
  auto arguments = std::make_shared<Arguments>();  // Lives as long as the command's callback.
  add_options(*command, *arguments);
  command->callback([command, arguments, &exit_code] {
    arguments->events_given = command->count("--events") > 0;
    exit_code = generate(*arguments);
  });
}

}  // namespace fealty::cli
