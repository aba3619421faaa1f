#include "fealty/files/file_source.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <optional>

#include "fealty/base/check.hpp"
#include "log_verifier.hpp"
#include "prefetcher.hpp"

namespace fealty::files {

using ports::InputBatch;
using ports::InputRecord;
using ports::Polled;

struct FileSource::Impl {
  Impl(FileSourceOptions o, Manifest r, InputIndex& i)
      : options{std::move(o)}, resume{std::move(r)}, index{i} {}

  Result<void> check_known_logs(const std::vector<std::string>& paths);
  void go_to(Offset from);
  Result<bool> next_block(std::chrono::milliseconds timeout);
  Result<void> scan(InputBatch& batch, std::size_t records_max);
  void hand_over(InputBatch& batch, std::size_t slice_begin);

  FileSourceOptions options;
  Manifest resume;
  InputIndex& index;
  Watcher watcher;
  std::optional<LogSequence> logs;
  std::unique_ptr<BlockFeed> feed;   // after `logs` and `watcher`: goes first
  std::optional<Offset> restart_at;  // by start_at(), until the next poll()
  Block block;
  std::size_t at = 0;               // in block.buffer: the next line
  Offset next_record = 0;           // number of the line at `at`
  Offset first_wanted = 0;          // records before it are passed over
  LogVerifier verifier;             // of the current log
  std::size_t pipes_to_verify = 0;  // logs up to the last known one that is a pipe
  std::atomic<bool> verified = true;
  bool ended = false;
};

FileSource::FileSource(FileSourceOptions options, Manifest resume, InputIndex& index)
    : impl_{std::make_unique<Impl>(std::move(options), std::move(resume), index)} {}
FileSource::~FileSource() = default;

/// The logs that an earlier run has read must still be there, in the same order and with the same
/// content, under whatever name. What comes through a pipe is compared as it is read.
Result<void> FileSource::Impl::check_known_logs(const std::vector<std::string>& paths) {
  for (std::size_t i = 0; i < resume.inputs.size(); ++i) {
    const InputFile& known = resume.inputs[i];
    if (i >= paths.size()) {
      return path_error(Errc::wrong_input, known.path, "was read before, but is not named now");
    }
    const FileStamp stamp = paths[i] == "-" ? FileStamp{} : stamp_of(paths[i]);
    if (stamp == FileStamp{} && known.records > 0) pipes_to_verify = i + 1;
    if (stamp == FileStamp{} || stamp == known.stamp) continue;
    const bool last = i + 1 == resume.inputs.size();
    if (auto same = verify_log(paths[i], known, last, options.skip_lines, options.framing); !same) return same;
  }
  return {};
}

Result<void> FileSource::prepare() {
  Impl& my = *impl_;
  auto logs = LogList::expand(my.options.logs);
  if (!logs) return logs.error();
  for (const std::string& path : logs->paths()) {  // all must be readable before one is read
    if (path != "-" && ::access(path.c_str(), R_OK) != 0) {
      return errno_error(Errc::input_unreadable, path);
    }
  }
  if (auto known = my.check_known_logs(logs->paths()); !known) return known;
  my.verified = my.pipes_to_verify == 0;
  my.logs.emplace(my.options, std::move(*logs));
  return {};
}

Result<void> FileSource::open(ports::AssignmentListener& listener) {
  Impl& my = *impl_;
  if (!my.logs) {
    if (auto prepared = prepare(); !prepared) return prepared;
  }
  if (const auto dir = my.logs->watched_dir(); my.options.follow && !dir.empty()) {
    my.watcher.watch(dir);
  }
  my.index.reset(my.resume);

  std::vector<ports::Assignment> partitions;
  for (std::uint32_t p = 0; p < my.options.partitions; ++p) {
    const auto known = std::find_if(my.resume.partitions.begin(), my.resume.partitions.end(),
                                    [&](const PartitionPosition& at) { return at.partition == p; });
    ports::Assignment& assigned = partitions.emplace_back();
    assigned.partition = p;
    if (known == my.resume.partitions.end()) continue;
    assigned.committed = known->committed;
    assigned.note = known->note;
  }
  return listener.on_assigned(partitions);
}

Result<void> FileSource::start_at(std::uint32_t partition, Offset from) {
  check(partition < impl_->options.partitions, "only an assigned partition can be started");
  impl_->restart_at = std::min(from, impl_->restart_at.value_or(from));
  return {};
}

/// Always from the begin of a log: its content up to `from` tells whether it is the one known.
void FileSource::Impl::go_to(Offset from) {
  const std::vector<InputFile> known = index.inputs();
  std::uint32_t file = index.log_of(from);
  if (!feed) {
    // Pipes before it: they are read, too, for what is to be known of them.
    const auto first_pipe = std::find_if(
        known.begin(), known.end(), [](const InputFile& log) { return log.stamp == FileStamp{}; });
    file = std::min(file, static_cast<std::uint32_t>(first_pipe - known.begin()));
  }
  feed.reset();
  logs->seek(file);
  block = {};
  at = 0;
  next_record = file < known.size() ? known[file].first_record : 0;
  first_wanted = from;
  ended = false;
  if (options.prefetch) {
    feed = std::make_unique<Prefetcher>(*logs, watcher);
  } else {
    feed = std::make_unique<DirectFeed>(*logs, watcher);
  }
}

/// Makes the next block current; false where there is none within the timeout or at all (`ended`).
Result<bool> FileSource::Impl::next_block(std::chrono::milliseconds timeout) {
  const auto next = feed->take(block, timeout);
  if (!next) return next.error();
  if (*next != Next::block) {
    block.begin = block.end = at = 0;
    ended = *next == Next::ended;
    return false;
  }
  at = block.begin;
  if (block.opened) {
    block.opened->first_record = next_record;
    const std::size_t known = resume.inputs.size();
    verifier.begin(block.opened->path, block.file < known ? &resume.inputs[block.file] : nullptr,
                   block.file + 1 == known);
    index.opened(block.file, *block.opened);
    if (block.lines_above > 0) index.broke(block.file, next_record, block.lines_above);
  }
  return true;
}

/// Appends up to `records_max` wanted lines to the batch, still pointing into the block.
Result<void> FileSource::Impl::scan(InputBatch& batch, std::size_t records_max) {
  const char* const text = block.buffer.data();
  while (at < block.end && batch.records.size() < records_max) {
    const BlockLine line = line_at(block, at);
    const std::string_view value{text + at, line.size};
    if (!verifier.add(value, line.ended, line.cut)) return verifier.error();
    if (options.framing.quotes) {
      const auto breaks = std::count(value.begin(), value.end(), block.scan.line_end());
      if (breaks > 0) index.broke(block.file, next_record + 1, static_cast<std::uint64_t>(breaks));
    }
    if (next_record >= first_wanted) {
      InputRecord& record = batch.records.emplace_back();
      record.offset = next_record;
      record.value = value;
      record.unterminated = !line.ended;
    }
    ++next_record;
    at = line.next;
  }
  verifier.settle();
  const LineHash& hash = verifier.hash();
  if (!verified &&
      (block.file >= pipes_to_verify || (block.file + 1 == pipes_to_verify &&
                                         hash.records() >= resume.inputs[block.file].records))) {
    verified = true;
  }
  const InputIndex::Mark mark{block.file, next_record, hash.records(), hash.bytes(), hash.value()};
  if (at < block.end || !block.file_ended) {
    index.reached(mark);
    return {};
  }
  if (!verifier.end()) return verifier.error();
  index.ended(mark, block.unterminated);
  return {};
}

/// Makes the batch own what its records point to: the whole buffer, or a copy where some of the
/// block is left for the next poll.
void FileSource::Impl::hand_over(InputBatch& batch, std::size_t slice_begin) {
  if (at == block.end) {
    std::swap(batch.buffer, block.buffer);
    block.begin = block.end = at = 0;
    return;
  }
  constexpr std::size_t padding_bytes = 64;
  const std::size_t size = at - slice_begin;
  if (batch.buffer.size() < size + padding_bytes) batch.buffer.resize(size + padding_bytes);
  const char* const from = block.buffer.data() + slice_begin;
  std::memcpy(batch.buffer.data(), from, size);
  for (InputRecord& record : batch.records) {
    record.value = {batch.buffer.data() + (record.value.data() - from), record.value.size()};
  }
}

Result<Polled> FileSource::poll(InputBatch& batch, std::size_t records_max,
                                std::chrono::milliseconds timeout) {
  Impl& my = *impl_;
  check(my.logs.has_value(), "open() comes before poll()");
  batch.clear();
  if (records_max == 0) return Polled::idle;
  if (my.restart_at || !my.feed) {
    my.go_to(my.restart_at.value_or(0));
    my.restart_at.reset();
  }
  while (batch.records.empty()) {
    if (my.at == my.block.end) {
      const auto got = my.next_block(timeout);
      if (!got) return got.error();
      if (!*got && my.ended && my.next_record < my.first_wanted) {
        return Error{Errc::input_gap,
                     {},
                     "the logs hold " + std::to_string(my.next_record) +
                         " records, but the run to go on with has read " +
                         std::to_string(my.first_wanted)};
      }
      if (!*got) return my.ended ? Polled::ended : Polled::idle;
    }
    const std::size_t slice_begin = my.at;
    if (auto scanned = my.scan(batch, records_max); !scanned) return scanned.error();
    if (!batch.records.empty()) my.hand_over(batch, slice_begin);
  }
  return Polled::records;
}

std::string FileSource::describe(std::uint32_t /*partition*/, Offset offset) const {
  return impl_->index.describe(offset, impl_->options.skip_lines);
}

bool FileSource::verified() const { return impl_->verified; }

InputProgress FileSource::progress() const {
  return impl_->logs ? impl_->logs->progress() : InputProgress{};
}

}  // namespace fealty::files
