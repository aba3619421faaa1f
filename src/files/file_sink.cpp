#include "fealty/files/file_sink.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <mutex>
#include <random>
#include <utility>

#include "fealty/base/check.hpp"
#include "output_file.hpp"

namespace fealty::files {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t no_output = ~std::size_t{0};

std::string file_name(std::string_view stream) { return std::string{stream} + ".ndjson"; }

}  // namespace

struct FileSink::Impl {
  Impl(FileSinkOptions o, InputIndex& i) : options{std::move(o)}, index{i} {}

  Result<void> lock();
  Result<void> clear();
  Result<void> begin_or_continue();
  Result<void> begin();
  [[nodiscard]] std::uint64_t committed_bytes(const std::string& output) const;

  FileSinkOptions options;
  InputIndex& index;
  Fd dir;  // holds the lock
  Manifest manifest;
  std::vector<std::string> names;        // of the output files
  std::vector<OutputFile> outputs;       // likewise
  std::vector<std::size_t> output_of;    // by stream; no_output = files do not keep it
  bool failed = false;                   // until abort()
  bool made_dir = false, begun = false;  // by this process; begun: and nothing is committed
  std::mutex counts_mutex;
  std::vector<Count> counts;
};

FileSink::FileSink(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
FileSink::~FileSink() = default;
const Manifest& FileSink::manifest() const { return impl_->manifest; }

Result<void> FileSink::Impl::lock() {
  std::error_code error;
  made_dir = fs::create_directories(options.dir, error);
  if (error) return path_error(Errc::output_unwritable, options.dir, error.message());
  dir = open_fd(options.dir, O_RDONLY | O_DIRECTORY);
  if (!dir.valid()) return errno_error(Errc::output_unwritable, options.dir);
  if (::flock(dir.get(), LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return errno_error(Errc::output_unwritable, options.dir);
  return path_error(Errc::state_in_use, options.dir, "another process writes there");
}

std::uint64_t FileSink::Impl::committed_bytes(const std::string& output) const {
  for (const OutputBytes& known : manifest.outputs) {
    if (known.name == output) return known.bytes;
  }
  return 0;
}

Result<void> FileSink::Impl::clear() {
  // The manifest goes first: without it, what is left is nobody's.
  std::error_code error;
  fs::remove(fs::path{options.dir} / manifest_name, error);
  for (const std::string& name : files_of(options.streams)) {
    if (!error) fs::remove(fs::path{options.dir} / name, error);
  }
  if (error) return path_error(Errc::output_unwritable, options.dir, error.message());
  return {};
}

Result<void> FileSink::Impl::begin() {
  manifest.run = options.run;
  std::random_device random;
  manifest.key = std::uint64_t{random()} << 32U | random();
  for (std::uint32_t p = 0; p < options.partitions; ++p) {
    manifest.partitions.push_back({p, 0, 0, {}});
  }
  for (const std::string& name : names) manifest.outputs.push_back({name, 0});
  begun = true;
  // Before the first output: a crash must not leave a directory that cannot be gone on with.
  return save_manifest(options.dir, manifest, options.durable);
}

Result<void> FileSink::Impl::begin_or_continue() {
  auto earlier = earlier_run(options);
  if (!earlier) return earlier.error();
  if (!earlier->partitions.empty()) {
    manifest = std::move(*earlier);
    counts = manifest.counts;
  } else if (auto made = begin(); !made) {
    return made;
  }
  for (const std::string& name : names) {
    auto file = OutputFile::open((fs::path{options.dir} / name).string(), committed_bytes(name),
                                 options.durable);
    if (!file) return file.error();
    outputs.push_back(std::move(*file));
  }
  if (!options.durable) return {};
  return sync_dir(options.dir);  // the names of the outputs
}

Result<std::unique_ptr<FileSink>> FileSink::open(FileSinkOptions options, InputIndex& index) {
  auto impl = std::make_unique<Impl>(std::move(options), index);
  for (const ports::StreamSpec& stream : impl->options.streams) {
    impl->output_of.push_back(stream.to_files ? impl->names.size() : no_output);
    if (stream.to_files) impl->names.push_back(file_name(stream.name));
  }
  if (auto locked = impl->lock(); !locked) return locked.error();
  if (impl->options.overwrite) {
    if (auto cleared = impl->clear(); !cleared) return cleared.error();
  }
  if (auto begun = impl->begin_or_continue(); !begun) return begun.error();
  return std::unique_ptr<FileSink>{new FileSink{std::move(impl)}};
}

Result<void> FileSink::append(const ports::OutputBuffer& out) {
  check(!impl_->failed, "after an error, only abort() goes on");
  for (const auto& item : out.items()) {
    const std::size_t output = impl_->output_of.at(static_cast<std::size_t>(item.stream));
    if (output == no_output) continue;
    if (auto added = impl_->outputs[output].add_line(out.value(item)); !added) {
      impl_->failed = true;
      return added;
    }
  }
  return {};
}

Result<void> FileSink::commit(std::span<ports::CommitPosition> positions) {
  Impl& my = *impl_;
  check(!my.failed, "after an error, only abort() goes on");
  my.failed = true;  // until it has gone well
  Manifest next = my.manifest;
  next.complete = false;
  next.run = my.options.run;
  {
    const std::lock_guard lock{my.counts_mutex};
    next.counts = my.counts;
  }
  next.outputs.clear();
  for (std::size_t i = 0; i < my.outputs.size(); ++i) {
    if (auto flushed = my.outputs[i].flush(); !flushed) return flushed;
    next.outputs.push_back({my.names[i], my.outputs[i].bytes()});
  }
  for (OutputFile& output : my.outputs) {
    if (auto synced = output.sync(); !synced) return synced;
  }
  for (const ports::CommitPosition& at : positions) {
    check(at.partition < next.partitions.size(), "a commit names partitions of this run");
    check(at.recover_from <= at.committed, "a recovery begins within what is committed");
    next.partitions[at.partition] = {at.partition, at.committed, at.recover_from, at.note};
  }
  Offset committed = std::numeric_limits<Offset>::max();
  for (const PartitionPosition& at : next.partitions) committed = std::min(committed, at.committed);
  next.inputs = my.index.inputs_before(committed);
  if (auto saved = save_manifest(my.options.dir, next, my.options.durable); !saved) return saved;
  my.index.forget_before(committed);
  my.manifest = std::move(next);
  my.begun = false;
  my.failed = false;
  return {};
}

Result<void> FileSink::abort() {
  // A commit that failed late may have come about: what lies in the directory decides.
  auto standing = load_manifest(impl_->options.dir);
  if (!standing) return standing.error();
  if (!*standing) {
    return path_error(Errc::store_corrupt, impl_->options.dir, "its manifest.json is gone");
  }
  impl_->manifest = std::move(**standing);
  for (std::size_t i = 0; i < impl_->outputs.size(); ++i) {
    const std::uint64_t bytes = impl_->committed_bytes(impl_->names[i]);
    if (auto cut = impl_->outputs[i].cut_to(bytes); !cut) return cut;
  }
  impl_->failed = false;
  return {};
}

void FileSink::count(std::vector<Count> counts) {
  const std::lock_guard lock{impl_->counts_mutex};
  impl_->counts = std::move(counts);
}

void FileSink::withdraw() {
  if (!impl_->begun) return;
  std::error_code ignored;
  for (const std::string& name : files_of(impl_->options.streams)) {
    fs::remove(fs::path{impl_->options.dir} / name, ignored);
  }
  if (impl_->made_dir) fs::remove(impl_->options.dir, ignored);
}

Result<std::vector<std::pair<std::string, std::string>>> FileSink::sha256() const {
  std::vector<std::pair<std::string, std::string>> sums;
  for (std::size_t i = 0; i < impl_->outputs.size(); ++i) {
    auto sum = impl_->outputs[i].sha256();
    if (!sum) return sum.error();
    sums.emplace_back(impl_->names[i], std::move(*sum));
  }
  return sums;
}

Result<void> FileSink::complete() {
  for (std::size_t i = 0; i < impl_->outputs.size(); ++i) {
    check(impl_->outputs[i].bytes() == impl_->committed_bytes(impl_->names[i]),
          "a run is complete only once all of it is committed");
  }
  impl_->manifest.complete = true;
  {
    const std::lock_guard lock{impl_->counts_mutex};
    impl_->manifest.counts = impl_->counts;
  }
  return save_manifest(impl_->options.dir, impl_->manifest, impl_->options.durable);
}

}  // namespace fealty::files
