#include "fealty/files/recorded_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "fealty/files/file_source.hpp"
#include "log_list.hpp"
#include "record_line.hpp"

namespace fealty::files {

using ports::InputBatch;
using ports::InputRecord;
using ports::Polled;

namespace {

/// Begins every partition where it is told to.
class FromTheStart final : public ports::AssignmentListener {
 public:
  explicit FromTheStart(ports::Source& source) : source_{source} {}
  Result<void> on_assigned(std::span<const ports::Assignment> partitions) override {
    for (const auto& one : partitions) {
      if (auto started = source_.start_at(one.partition, 0); !started) return started;
    }
    return {};
  }
  Result<void> on_revoked(std::span<const std::uint32_t>, bool) override { return {}; }

 private:
  ports::Source& source_;
};

Result<std::optional<RecordHeader>> header_of(const std::string& log) {
  InputIndex index;
  FileSource source{{.logs = {log}, .prefetch = false}, Manifest{}, index};
  FromTheStart listener{source};
  InputBatch batch;
  const auto read = source.open(listener).has_value() &&
                    source.poll(batch, 1, std::chrono::milliseconds{0}).has_value();
  // What cannot be read is told by whoever reads all of it.
  if (!read || batch.records.empty()) return std::optional<RecordHeader>{};
  auto header = read_record_header(batch.records.front().value);
  if (!header) return path_error(header.error().code, log, header.error().detail);
  return header;
}

std::string range_of(const RecordHeader& header) {
  return fmt::format("{}[{}] from {} to {}", header.topic, header.partition, header.from,
                     header.to);
}

/// Whether `next` goes on where `before` ends.
Result<void> follows(const RecordHeader& before, const RecordHeader& next,
                     const std::string& path) {
  const auto refused = [&](std::string_view why) {
    return path_error(
        Errc::usage, path,
        fmt::format("holds {}, the log before it {}: {}", range_of(next), range_of(before), why));
  };
  if (next.topic != before.topic || next.partition != before.partition) {
    return refused("each partition has a clock of its own, so replay each by itself");
  }
  if (next.from != before.to) return refused("name logs in order, without a gap between them");
  const bool alike = next.timeline == before.timeline && next.mapping == before.mapping &&
                     next.mapping_fingerprint == before.mapping_fingerprint &&
                     next.key_check == before.key_check && next.program_id == before.program_id;
  if (!alike) return refused("they were recorded of services that are set up differently");
  return {};
}

}  // namespace

Result<std::vector<RecordHeader>> record_headers(const std::vector<std::string>& logs) {
  auto list = LogList::expand(logs);
  if (!list) return list.error();
  std::vector<RecordHeader> out;
  const std::string* plain = nullptr;
  for (const std::string& path : list->paths()) {
    // A pipe can be read only once.
    const bool regular = path != "-" && stamp_of(path) != FileStamp{};
    auto header = regular ? header_of(path) : Result<std::optional<RecordHeader>>{std::nullopt};
    if (!header) return header.error();
    if (!*header) {
      plain = &path;
    } else if (!out.empty()) {
      if (auto fits = follows(out.back(), **header, path); !fits) return fits.error();
    }
    if (*header) out.push_back(std::move(**header));
    if (plain != nullptr && !out.empty()) {
      return path_error(Errc::usage, *plain,
                        "is no record log as the others are: replay them apart");
    }
  }
  return out;
}

struct RecordedSource::Impl {
  Impl(ports::Source& source, const RecordHeader& header) : lines{source} {
    reader.begin(header.topic, header.partition);
  }

  Result<void> unpack(InputBatch& batch);
  Result<void> take_end();
  [[nodiscard]] Error damaged(ports::Offset line, std::string_view why) const {
    return path_error(Errc::input_corrupt, lines.describe(0, line), std::string{why});
  }

  ports::Source& lines;
  RecordLineReader reader;
  std::optional<std::uint64_t> records;  // of this log so far; nullopt = begun in its middle
  std::uint64_t hash = 0;                // of its lines, likewise
  bool ended = false;                    // the end of a log was the last line
  bool inside = false;                   // likewise any other
  ports::Offset last = 0;                // line
  std::optional<Error> failed;           // told once what came before it is delivered
};

RecordedSource::RecordedSource(ports::Source& lines, const RecordHeader& first)
    : impl_{std::make_unique<Impl>(lines, first)} {}
RecordedSource::~RecordedSource() = default;

Result<void> RecordedSource::open(ports::AssignmentListener& listener) {
  // The listener starts partitions by us.
  return impl_->lines.open(listener);
}

Result<void> RecordedSource::start_at(std::uint32_t partition, ports::Offset from) {
  impl_->reader.forget_parts();
  impl_->records.reset();
  impl_->ended = impl_->inside = false;
  impl_->failed.reset();
  return impl_->lines.start_at(partition, from);
}

Result<void> RecordedSource::Impl::take_end() {
  if (records && *records != reader.end().records) {
    return damaged(
        last, fmt::format("holds {} records, and should hold {}", *records, reader.end().records));
  }
  if (records && hex(hash) != reader.end().hash) {
    return damaged(last, "its lines are not those that were written: one of them was changed");
  }
  ended = true;
  return {};
}

/// Records take the place of their lines; lines that are none go.
Result<void> RecordedSource::Impl::unpack(InputBatch& batch) {
  std::size_t kept = 0;
  Result<void> outcome;
  for (InputRecord& record : batch.records) {
    last = record.offset;
    const std::string_view text = record.value;
    const RecordLine line =
        record.unterminated ? RecordLine::damaged : reader.read(record.value, batch.arena, record);
    const bool begins = line == RecordLine::header;
    if (line == RecordLine::damaged) {
      outcome = damaged(last, "a line of a record log that is cut or damaged");
    } else if (ended && !begins) {
      outcome = damaged(last, "goes on behind the end of the record log");
    } else if (line == RecordLine::end) {
      outcome = take_end();
    } else if (begins && inside) {
      outcome = damaged(last, "the record log before this one lacks its end: it is cut");
    } else if (begins) {
      records = 0;
      hash = 0;
      ended = false;
    } else if (line == RecordLine::record) {
      if (records && !record.recorded->advance) ++*records;
      batch.records[kept++] = record;
    }
    if (!outcome) break;
    inside = line != RecordLine::end;
    hash = chained(hash, text);
  }
  batch.records.resize(kept);
  return outcome;
}

Result<Polled> RecordedSource::poll(InputBatch& batch, std::size_t records_max,
                                    std::chrono::milliseconds timeout) {
  Impl& my = *impl_;
  while (!my.failed) {
    const auto polled = my.lines.poll(batch, records_max, timeout);
    if (!polled) return polled;
    if (*polled == Polled::ended && !my.ended) {
      return my.damaged(my.last, "the record log ends here without its end: it is cut");
    }
    if (*polled != Polled::records) return polled;
    if (auto unpacked = my.unpack(batch); !unpacked) my.failed = unpacked.error();
    if (!batch.records.empty()) return polled;
  }
  batch.clear();
  return *my.failed;
}

bool RecordedSource::one_clock() const { return impl_->lines.one_clock(); }

std::string RecordedSource::describe(std::uint32_t partition, ports::Offset offset) const {
  return impl_->lines.describe(partition, offset);
}

}  // namespace fealty::files
