// Ingest: its partitions' life.
#include "fealty/runtime/ingest.hpp"

#include <algorithm>

#include "fealty/base/check.hpp"
#include "fealty/log/log.hpp"

namespace fealty::runtime {
namespace {

/// Into the room, as they were written.
class IntoRoom final : public ports::Changelog::Visitor {
 public:
  IntoRoom(WaitingRoom& room, std::uint32_t partition) : room_{room}, partition_{partition} {}
  Result<void> apply(std::string_view key, std::string_view value) override {
    room_.take(partition_, key, value);
    return {};
  }

 private:
  WaitingRoom& room_;
  const std::uint32_t partition_;
};

}  // namespace

Ingest::Ingest(const IngestTopology& topology, ports::Source& source, ports::Changelog& waiting,
               OrderBook& orders, IngestOptions options)
    : topology_{topology},
      source_{source},
      waiting_{waiting},
      orders_{orders},
      options_{std::move(options)} {
  const codec::DecoderOptions decoding{.member_by_order = true};
  for (const codec::Mapping* mapping : topology_.mappings) {
    decoders_.emplace_back(*mapping, decoding);
  }
  decoders_.emplace_back(*topology_.canonical, decoding);
  odd_fields_.resize(decoders_.size());
  orders_.on_learned = [this](std::string_view order) {
    if (room_.awaits(order)) due_.emplace_back(order);
  };
}

Ingest::~Ingest() { orders_.on_learned = {}; }

Result<void> Ingest::assign(std::span<const ports::Assignment> partitions) {
  for (const ports::Assignment& given : partitions) {
    const ports::InputPlace place = source_.place_of(given.partition);
    Partition partition{.topic = std::string{place.topic},
                        .number = place.partition,
                        .next = given.committed,
                        .committed = given.committed,
                        .fresh = given.fresh};
    if (place.topic != topology_.waiting_topic) {
      const auto input = topology_.input_of(place.topic);
      if (!input) return input.error();
      partition.input = *input;
    }
    partitions_.insert_or_assign(given.partition, std::move(partition));
  }
  return {};
}

/// Nothing is decided before the orders are known that were known already.
Result<bool> Ingest::open(std::chrono::milliseconds budget) {
  if (!state_.loaded) {
    const auto loaded = orders_.load(budget);
    if (!loaded) return loaded.error();
    state_.loaded = *loaded;
    if (!*loaded) return true;
  }
  for (auto& [number, partition] : partitions_) {
    if (partition.ready) continue;
    if (!partition.input) {
      const auto done = open_waiting(number, partition, budget);
      if (!done) return done.error();
      if (!*done) return true;
    }
    if (auto started = source_.start_at(number, partition.next); !started) return started.error();
    partition.ready = true;
  }
  return false;
}

/// Reads back what is held there, up to the end, transactions of an earlier owner included. What
/// comes behind it comes from the source.
Result<bool> Ingest::open_waiting(std::uint32_t number, Partition& partition,
                                  std::chrono::milliseconds budget) {
  if (partition.reader == nullptr) {
    auto reader = waiting_.open(partition.number, 0);
    if (!reader) return reader.error();
    partition.reader = std::move(*reader);
  }
  IntoRoom visitor{room_, number};
  const auto done = partition.reader->step(visitor, budget);
  if (!done || !*done) return done;
  partition.next = partition.reader->position();
  partition.reader.reset();
  for (std::string& order : room_.orders()) due_.push_back(std::move(order));
  return true;
}

Result<bool> Ingest::process(DecodedBatch& batch, ports::OutputBuffer& out) {
  if (!state_.loaded) return true;
  state_.asked = false;
  if (auto followed = orders_.follow(); !followed) return followed.error();
  for (; batch.at < batch.records.size(); ++batch.at) {
    if (auto taken = take(batch.records[batch.at], out); !taken) return taken.error();
  }
  if (auto seen_to = see_to_waiting(out); !seen_to) return seen_to.error();
  return true;
}

/// Those who wait may go without a record having come.
Result<bool> Ingest::advance() { return std::exchange(state_.sent, false); }

void Ingest::prepare(const Flush&, ports::OutputBuffer&,
                     std::vector<ports::CommitPosition>& positions) {
  orders_.prepared();
  state_.sent = false;
  for (const auto& [number, partition] : partitions_) {
    if (!partition.ready) continue;
    positions.push_back(
        {.partition = number, .committed = partition.next, .recover_from = partition.next});
  }
}

Result<void> Ingest::committed(std::span<const ports::CommitPosition> positions) {
  orders_.committed();
  for (const ports::CommitPosition& position : positions) {
    const auto found = partitions_.find(position.partition);
    if (found == partitions_.end()) continue;
    found->second.committed = position.committed;
    found->second.fresh = false;
  }
  return {};
}

/// A partition that the group never committed is committed at once: where it begins is settled
/// then.
bool Ingest::unsaved(const Flush& flush) const {
  return std::any_of(partitions_.begin(), partitions_.end(), [&](const auto& entry) {
    const auto& [number, partition] = entry;
    const bool asked = flush.partitions.empty() ||
                       std::find(flush.partitions.begin(), flush.partitions.end(), number) !=
                           flush.partitions.end();
    return asked && partition.ready && partition.fresh;
  });
}

void Ingest::revoke(std::span<const std::uint32_t> partitions, bool) {
  for (const auto number : partitions) {
    partitions_.erase(number);
    room_.drop(number);
  }
}

bool Ingest::repeats() const {
  return std::any_of(partitions_.begin(), partitions_.end(),
                     [](const auto& partition) { return !partition.second.ready; });
}

Result<void> Ingest::restart() {
  orders_.aborted();
  room_.clear();
  due_.clear();
  for (auto& [number, partition] : partitions_) {
    partition.ready = false;
    partition.reader.reset();
    partition.next = partition.committed;
  }
  return {};
}

}  // namespace fealty::runtime
