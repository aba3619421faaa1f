#include "live_check.hpp"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "disk_check.hpp"
#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/config/mapping_loader.hpp"
#include "fealty/kafka/live_check.hpp"
#include "fealty/topologies/members.hpp"
#include "ingest.hpp"
#include "kafka_options.hpp"
#include "program_beside.hpp"
#include "service_settings.hpp"
#include "stored_state.hpp"

namespace fealty::cli {
namespace {

using kafka::Finding;
using kafka::Verdict;

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::unchecked:
      return "unchecked";
    case Verdict::warning:
      return "warning";
    case Verdict::failed:
      return "failed";
  }
  return "failed";
}

void print(const std::vector<Finding>& findings) {
  for (const Finding& one : findings) {
    fmt::print("{:<10}{}{}{}\n", word(one.verdict), printable(one.check),
               one.reason.empty() ? "" : ": ", printable(one.reason));
    if (!one.mend.empty()) fmt::print("{:<10}-> {}\n", "", printable(one.mend));
  }
}

void print_json(const std::vector<Finding>& findings) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer{text};
  const auto member = [&](const char* key, std::string_view value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartArray();
  for (const Finding& one : findings) {
    writer.StartObject();
    member("check", one.check);
    member("verdict", word(one.verdict));
    member("reason", one.reason);
    member("mend", one.mend);
    writer.EndObject();
  }
  writer.EndArray();
  fmt::print("{}\n", text.GetString());
}

/// No broker before rights before the disk: the first to be mended.
int exit_of(const std::vector<Finding>& findings) {
  int out = exit_ok;
  const auto weight = [](int code) {
    return code == exit_broker ? 3 : code == exit_usage ? 2 : code == exit_ok ? 0 : 1;
  };
  for (const Finding& one : findings) {
    if (one.verdict != Verdict::failed) continue;
    const int code = exit_code(one.code);
    if (weight(code) > weight(out)) out = code;
  }
  return out;
}

template <class T>
void add_file(const char* what, const std::string& file, const Result<T>& loaded,
              std::vector<Finding>& out) {
  const std::string check = fmt::format("{} {}", what, file);
  if (loaded) {
    out.push_back({check, Verdict::ok, {}, {}});
  } else {
    out.push_back(
        {check, Verdict::failed, loaded.error().detail, "correct the file", loaded.error().code});
  }
}

void add_new(std::vector<Finding> more, std::vector<Finding>& out) {
  for (Finding& one : more) {
    const bool known = std::any_of(out.begin(), out.end(), [&](const Finding& other) {
      return other.check == one.check && other.verdict >= one.verdict;
    });
    if (!known) out.push_back(std::move(one));
  }
}

void check_members(const config::ServiceConfig& service, std::vector<Finding>& findings) {
  add_file("mapping", service.mapping, config::load_mapping(service.mapping), findings);
  kafka::KafkaOptions options = kafka_options(service.kafka, 0);
  options.streams = topologies::member_streams;
  std::map<std::uint32_t, std::uint64_t> recover_from;
  if (const auto state = StoredState::open(service.state_dir)) {
    recover_from = state->recover_from();
  } else if (state.error().code != Errc::usage) {
    findings.push_back({"state", Verdict::failed, to_string(state.error()),
                        "see what the message says; an empty directory is restored from the log",
                        state.error().code});
  }
  add_new(kafka::check_live(options, recover_from), findings);
}

void check_ingest(const config::ServiceConfig& service, std::vector<Finding>& findings) {
  for (const config::IngestInput& input : service.ingest.inputs) {
    std::vector<Finding> mapping;
    add_file("mapping", input.mapping, config::load_mapping(input.mapping), mapping);
    add_new(std::move(mapping), findings);
  }
  const bool answered = std::none_of(findings.begin(), findings.end(), [](const Finding& one) {
    return one.check == "brokers" && one.verdict == Verdict::failed;
  });
  if (!answered) return;
  const auto matches = [](const std::string& pattern, std::string_view topic) {
    config::IngestInput input;
    input.pattern = pattern;
    return input.reads(topic);
  };
  add_new(kafka::check_live(ingest_options(service, 0), {}, matches), findings);
}

}  // namespace

int check_live_service(const std::string& file, const std::vector<std::string>& sets, bool json) {
  const auto service = service_settings(file, sets);
  if (!service) return fail(service.error());
  auto findings = check_disk(service->state_dir);
  add_file("program", service->program, load_series_beside(service->program, service->state_dir),
           findings);
  if (service->run.members) check_members(*service, findings);
  if (service->run.ingest) check_ingest(*service, findings);
  if (json) {
    print_json(findings);
  } else {
    print(findings);
  }
  return exit_of(findings);
}

}  // namespace fealty::cli
