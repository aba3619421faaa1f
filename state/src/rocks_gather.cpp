// RocksMap: commits that are gathered before they are written.
#include "src/rocks_map.hpp"

namespace fealty::state {
namespace {

using Clock = std::chrono::steady_clock;

/// So much of them is worth a table file. Compaction goes by the number of files: one that holds
/// less than a write buffer is flushed with would make it dear.
constexpr std::size_t gathered_bytes_max = std::size_t{16} << 20U;
/// Or this part of the write buffers, in which they lie.
constexpr std::size_t gathered_part = 2;

}  // namespace

bool RocksMap::gathered_enough() const {
  const std::size_t memory = RocksWrite::memory_of(gathered_.changes(), gathered_.bytes());
  return gathered_.bytes() >= gathered_bytes_max ||
         memory >= write_buffers_->buffer_size() / gathered_part ||
         Clock::now() - gathered_since_ >= gather_;
}

/// The turn to write is the caller's.
Result<void> RocksMap::write_gathered() {
  if (gathered_.empty()) return {};
  RocksWrite write{*this, gathered_.changes(), gathered_.bytes()};
  const auto added =
      gathered_.hand_over([&](std::span<const Write> changes) { return write.add({}, changes); });
  if (!added) return added;
  if (auto written = write.finish(); !written) return written;
  gathered_.clear();
  return {};
}

Result<void> RocksMap::settle() {
  const std::lock_guard turn{writing_};
  return write_gathered();
}

/// Before a range is read.
Result<void> RocksMap::settle(std::string_view first, std::string_view end) {
  if (gathered_.empty()) return {};
  const bool concerned = GatheredWrites::Look{gathered_}.between(first, end);
  return concerned ? settle() : Result<void>{};
}

RocksCommit::RocksCommit(RocksMap& map, std::size_t changes, std::size_t bytes)
    : map_{map}, turn_{map.writing_} {
  const bool gathers = map.gather_.count() > 0 && !map.worth_a_table(changes, bytes);
  // What is gathered is older than what is written alone. Where there is enough of it still, it
  // could not be written, and takes no more.
  if (!gathers || (!map.gathered_.empty() && map.gathered_enough())) begun_ = map.write_gathered();
  if (begun_ && gathers) begun_ = map.make_room(RocksWrite::memory_of(changes, bytes));
  if (!begun_) return;
  if (!gathers) {
    alone_.emplace(map, changes, bytes);
    return;
  }
  if (map.gathered_.empty()) map.gathered_since_ = Clock::now();
  map.gathered_.begin_commit();
}

Result<void> RocksCommit::add(std::string_view prefix, std::span<const Write> changes) {
  if (!begun_) return begun_;
  if (alone_) return alone_->add(prefix, changes);
  map_.gathered_.add(prefix, changes);
  return {};
}

Result<void> RocksCommit::finish() {
  if (!begun_) return begun_;
  if (alone_) return alone_->finish();
  return map_.gathered_enough() ? map_.write_gathered() : Result<void>{};
}

}  // namespace fealty::state
