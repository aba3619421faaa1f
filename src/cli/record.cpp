#include "record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "fealty/config/mapping_loader.hpp"
#include "fealty/files/atomic_file.hpp"
#include "fealty/files/record_log.hpp"
#include "fealty/kafka/topic_reader.hpp"
#include "fealty/topologies/members.hpp"
#include "kafka_options.hpp"
#include "program_beside.hpp"
#include "record_range.hpp"
#include "record_timeline.hpp"
#include "service_settings.hpp"
#include "standard_streams.hpp"

namespace fealty::cli {
namespace {

namespace fs = std::filesystem;

/// The directory that is written into: empty before, and again where that fails.
class OutDir {
 public:
  explicit OutDir(std::string path) : path_{std::move(path)} {}
  OutDir(const OutDir&) = delete;
  OutDir& operator=(const OutDir&) = delete;
  ~OutDir() {
    if (keep_ || !begun_) return;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{path_, ignored}) {
      fs::remove_all(entry.path(), ignored);
    }
    if (made_) fs::remove(path_, ignored);
  }
  /// usage where there is something in it; output_unwritable.
  Result<void> begin(const std::string& state_dir) {
    std::error_code failed;
    const auto there = fs::status(path_, failed);
    if (fs::exists(there) && !fs::is_directory(there)) return refused("is no directory");
    if (fs::exists(there) && !fs::is_empty(path_, failed)) {
      return refused("is not empty: name another directory, or take away what is in it");
    }
    const fs::path state = fs::weakly_canonical(state_dir, failed);
    const fs::path out = fs::weakly_canonical(path_, failed);
    const auto [end, _] = std::mismatch(state.begin(), state.end(), out.begin(), out.end());
    if (!state_dir.empty() && end == state.end()) {
      return refused("lies in the service's state directory: name another one");
    }
    failed.clear();
    made_ = fs::create_directories(path_, failed);
    if (failed) {
      return Error{Errc::output_unwritable, "--out",
                   fmt::format("{}: {}", path_, failed.message())};
    }
    begun_ = true;
    return {};
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return (fs::path{path_} / name).string();
  }
  void keep() { keep_ = true; }

 private:
  [[nodiscard]] Error refused(std::string_view why) const {
    return Error{Errc::usage, "--out", fmt::format("'{}' {}", path_, why)};
  }
  const std::string path_;
  bool made_ = false, begun_ = false, keep_ = false;
};

/// All that a partition's log is made of but its records.
struct Part {
  RecordRange range;
  RecordTimeline timeline;
};

class Recording {
 public:
  Recording(const RecordOptions& options, const config::ServiceConfig& service,
            kafka::TopicReader& reader, const std::atomic<bool>& stop)
      : options_{options},
        service_{service},
        reader_{reader},
        stop_{stop},
        topic_{options.topic.empty() ? service.kafka.input_topic : options.topic},
        with_timeline_{topic_ == service.kafka.input_topic && !options.records_only} {}

  /// What is to be written: all questions, before anything is.
  Result<void> plan(const std::string& timeline_topic);
  Result<std::vector<RecordedPartition>> write(const OutDir& out);

 private:
  Result<std::vector<std::uint32_t>> chosen();
  Result<files::RecordHeader> common_header() const;
  Result<RecordedPartition> write(const Part& part, files::RecordHeader header,
                                  const std::string& path);
  Result<void> write_programs(const OutDir& out) const;

  const RecordOptions& options_;
  const config::ServiceConfig& service_;
  kafka::TopicReader& reader_;
  const std::atomic<bool>& stop_;
  const std::string topic_;
  const bool with_timeline_;
  std::uint32_t count_ = 0;  // of the topic's partitions
  std::vector<Part> parts_;
};

Result<std::vector<std::uint32_t>> Recording::chosen() {
  const auto count = reader_.partitions(topic_);
  if (!count) return count.error();
  count_ = *count;
  std::vector<std::uint32_t> out = options_.partitions;
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  if (!out.empty() && out.back() >= count_) {
    return Error{Errc::usage, "--partition",
                 fmt::format("there is no {}[{}]: it has partitions 0 to {}", topic_, out.back(),
                             count_ - 1)};
  }
  for (std::uint32_t p = 0; options_.partitions.empty() && p < count_; ++p) out.push_back(p);
  return out;
}

Result<void> Recording::plan(const std::string& timeline_topic) {
  const auto from = parse_bound("--from", options_.from);
  if (!from) return from.error();
  const auto to = parse_bound("--to", options_.to);
  if (!to) return to.error();
  const auto partitions = chosen();
  if (!partitions) return partitions.error();
  if (with_timeline_) {
    const auto known = reader_.partitions(timeline_topic);
    if (!known) {
      Error error = known.error();
      if (error.code == Errc::broker_refused) {
        error.detail +=
            ", which says when the clock moved on while no record came: run the service "
            "once, or record without that by --records-only";
      }
      return error;
    }
  }
  bool any = false;
  for (const std::uint32_t partition : *partitions) {
    const auto range = range_of(reader_, topic_, partition, *from, *to);
    if (!range) return range.error();
    Part& part = parts_.emplace_back(Part{*range, {}});
    any = any || range->from < range->to;
    if (!with_timeline_) continue;
    const auto committed = reader_.committed(topic_, partition);
    if (!committed) return committed.error();
    auto timeline = read_timeline(reader_, timeline_topic, topic_, *range, *committed, stop_);
    if (!timeline) return timeline.error();
    part.timeline = std::move(*timeline);
  }
  if (!any && (!options_.from.empty() || !options_.to.empty())) {
    return Error{Errc::usage, options_.from.empty() ? "--to" : "--from",
                 fmt::format("no record of {} lies in that range", topic_)};
  }
  return {};
}

Result<files::RecordHeader> Recording::common_header() const {
  files::RecordHeader header{.topic = topic_, .partitions = count_, .timeline = with_timeline_};
  if (topic_ != service_.kafka.input_topic) return header;
  header.key_check = service_.kafka.key_check == config::KeyCheck::deadletter;
  const auto mapping = config::load_mapping(service_.mapping);
  if (!mapping) return mapping.error();
  header.mapping = service_.mapping;
  header.mapping_fingerprint = mapping->fingerprint;
  return header;
}

Result<RecordedPartition> Recording::write(const Part& part, files::RecordHeader header,
                                           const std::string& path) {
  const RecordRange& range = part.range;
  header.partition = range.partition;
  header.from = range.from;
  header.to = range.to;
  header.generations = part.timeline.generations;
  auto log = files::RecordLogWriter::create(path, header);
  if (!log) return log.error();
  const auto& advances = part.timeline.advances;
  const auto& refused = part.timeline.refused;
  RecordedPartition out{range.partition, range.from, range.to, 0, 0, 0, path};
  const auto advance_to = [&](ports::Offset offset) -> Result<void> {
    for (; out.advances < advances.size() && advances[out.advances].position <= offset;
         ++out.advances) {
      const auto& advance = advances[out.advances];
      if (auto written = log->advance(advance.position, advance.time); !written) return written;
    }
    return {};
  };
  const auto read = reader_.read(
      topic_, range.partition, range.from, range.to,
      [&](const ports::InputRecord& record) -> Result<void> {
        if (auto advanced = advance_to(record.offset); !advanced) return advanced;
        const bool no = std::binary_search(refused.begin(), refused.end(), record.offset);
        out.refused += no ? 1 : 0;
        return log->add(record, no);
      },
      stop_);
  if (!read) return read.error();
  if (!*read) return stopped_short();
  if (auto advanced = advance_to(range.to); !advanced) return advanced.error();
  const auto records = log->finish();
  if (!records) return records.error();
  out.records = *records;
  return out;
}

/// Each generation that any of the partitions went by, as far as its file is still known.
Result<void> Recording::write_programs(const OutDir& out) const {
  std::vector<ports::Generation> wanted;
  for (const Part& part : parts_) {
    for (const ports::Generation& one : part.timeline.generations) {
      const bool known = std::any_of(wanted.begin(), wanted.end(), [&](const auto& other) {
        return other.version == one.version && other.fingerprint == one.fingerprint;
      });
      if (!known) wanted.push_back(one);
    }
  }
  if (wanted.empty()) return {};
  const auto loaded = load_series_beside(service_.program, service_.state_dir);
  std::error_code ignored;  // Writing into it says what is wrong.
  fs::create_directories(out.file("programs"), ignored);
  for (const ports::Generation& one : wanted) {
    const auto* const same = loaded ? loaded->series.of_version(one.version) : nullptr;
    if (same == nullptr || same->fingerprint != one.fingerprint) {
      say("fealty: version {} of the program, by which the record goes from offset {} on, lies "
          "neither at {} nor beside the state: a replay needs its file with --program\n",
          one.version, one.adopted_at, service_.program);
      continue;
    }
    const auto generations = loaded->series.generations();
    const auto number = static_cast<std::size_t>(same - generations.data());
    const auto text = files::read_file(loaded->files.at(number));
    if (!text) return text.error();
    const std::string name = fmt::format("programs/version-{}.yaml", one.version);
    if (auto kept = files::write_atomically(out.file(name), *text, true); !kept) return kept;
  }
  return {};
}

Result<std::vector<RecordedPartition>> Recording::write(const OutDir& out) {
  auto header = common_header();
  if (!header) return header.error();
  if (with_timeline_) {
    const auto loaded = load_series_beside(service_.program, service_.state_dir);
    if (loaded) header->program_id = loaded->series.first().id;
    if (auto written = write_programs(out); !written) return written.error();
  }
  std::vector<RecordedPartition> done;
  for (const Part& part : parts_) {
    auto written =
        write(part, *header, out.file(fmt::format("partition-{}.ndjson", part.range.partition)));
    if (!written) return written.error();
    done.push_back(std::move(*written));
  }
  return done;
}

}  // namespace

Result<std::vector<RecordedPartition>> record(const RecordOptions& options,
                                              const std::atomic<bool>& stop) {
  const auto service = service_settings(options.service, options.sets);
  if (!service) return service.error();
  kafka::KafkaOptions bus = kafka_options(service->kafka, 0);
  bus.streams = topologies::member_streams;
  auto reader = kafka::TopicReader::make(bus);
  if (!reader) return reader.error();
  OutDir out{options.out_dir};
  if (auto begun = out.begin(service->state_dir); !begun) return begun.error();
  Recording recording{options, *service, **reader, stop};
  const auto& timeline = ports::spec_of(topologies::member_streams, topologies::streams::timeline);
  if (auto planned = recording.plan(bus.output_prefix + std::string{timeline.name}); !planned) {
    return planned.error();
  }
  auto done = recording.write(out);
  if (done) out.keep();
  return done;
}

}  // namespace fealty::cli
