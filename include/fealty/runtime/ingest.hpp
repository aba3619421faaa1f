#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/codec/decoder.hpp"
#include "fealty/codec/odd_fields.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/runtime/ingest_topology.hpp"
#include "fealty/runtime/machine_clock.hpp"
#include "fealty/runtime/order_book.hpp"
#include "fealty/runtime/processor.hpp"
#include "fealty/runtime/waiting_room.hpp"

namespace fealty::runtime {

struct IngestOptions {
  /// How long an event that names only its order waits for whose that is.
  std::chrono::milliseconds wait = std::chrono::hours{24 * 7};
  std::size_t waiting_max = 100'000;  // of them held here; beyond, the longest waiting is given up
  std::uint32_t waiting_partitions = 1;  // of the waiting stream
  /// A canonical record above it is refused: no topic takes more unless it is told to.
  std::size_t record_bytes_max = 1'000'000;
  MachineClock clock;
};

/// Of this life; `records` are those of the inputs, the others events, of which a record may hold
/// several, or none.
struct IngestCounters {
  std::uint64_t records = 0, tombstones = 0;
  std::uint64_t routed = 0;    // to their member, those by order included
  std::uint64_t by_order = 0;  // whose member only their order told
  std::uint64_t waited = 0;    // put to wait for it
  std::uint64_t skipped = 0;   // unknown types
  std::uint64_t deadlettered = 0;
  std::uint64_t odd_fields = 0;  // that could not be read, and were left out of what was routed
};

/// Decodes what comes in and sends each event on to its member, in the order of each input
/// partition. Keeps which order is whose, for refunds and cancellations that do not say.
///
/// One that names an order nobody has seen is put to wait, by its order, and leaves its place in
/// the input: it goes on when the order turns up, at whichever process that is, and is
/// dead-lettered after a time.
///
/// Owns:    decoders, and what it holds of the waiting stream. Borrows the rest.
/// Threads: one. Errors: as Processor.
class Ingest final : public Processor {
 public:
  Ingest(const IngestTopology& topology, ports::Source& source, ports::Changelog& waiting,
         OrderBook& orders, IngestOptions options);
  ~Ingest() override;

  Result<void> assign(std::span<const ports::Assignment> partitions) override;
  Result<bool> open(std::chrono::milliseconds budget) override;
  Result<bool> process(DecodedBatch& batch, ports::OutputBuffer& out) override;
  Result<bool> advance() override;
  void prepare(const Flush& flush, ports::OutputBuffer& out,
               std::vector<ports::CommitPosition>& positions) override;
  Result<void> committed(std::span<const ports::CommitPosition> positions) override;
  [[nodiscard]] bool unsaved(const Flush& flush) const override;
  bool over_budget() override { return false; }  // what it holds is bounded by itself
  [[nodiscard]] bool repeats() const override;
  void revoke(std::span<const std::uint32_t> partitions, bool lost) override;
  Result<void> restart() override;

  [[nodiscard]] const IngestCounters& counters() const { return counters_; }
  [[nodiscard]] std::size_t waiting() const { return room_.size(); }

 private:
  struct Partition {
    std::string topic;
    std::uint32_t number = 0;            // in its topic
    std::optional<std::size_t> input{};  // none: the waiting stream
    ports::Offset next = 0, committed = 0;
    bool fresh = false, ready = false;
    std::unique_ptr<ports::Changelog::Reader> reader{};  // while the waiting stream is read back
  };
  /// One event, where it came from.
  struct Place {
    const Partition& partition;
    const ports::InputRecord& record;
    std::string_view payload;  // the record's, or the element's of a batch
    std::string origin;
  };

  Result<bool> open_waiting(std::uint32_t number, Partition& partition,
                            std::chrono::milliseconds budget);
  Result<void> take(const DecodedRecord& record, ports::OutputBuffer& out);
  Result<void> take_batch(const Partition& partition, const ports::InputRecord& record,
                          ports::OutputBuffer& out);
  Result<void> take_event(const Place& place, std::span<const event::Header> headers,
                          ports::OutputBuffer& out);
  void count_odd(std::size_t input, const Place& place);
  Result<void> route(const Place& place, event::Event& event, ports::OutputBuffer& out);
  Result<std::string> member_by_order(std::string_view order);
  void send(const Place& place, const event::Event& event, ports::OutputBuffer& out);
  void put_to_wait(const Place& place, std::string_view order, const event::Event& event,
                   ports::OutputBuffer& out);
  void refuse(const Place& place, const Error& error, ports::OutputBuffer& out);
  Result<void> see_to_waiting(ports::OutputBuffer& out);
  Result<void> send_on(const WaitingRoom::Held& held, std::string_view member,
                       ports::OutputBuffer& out);
  void give_up(const WaitingRoom::Held& held, const Error& error, ports::OutputBuffer& out);
  void leave_waiting(const WaitingRoom::Held& held, ports::OutputBuffer& out);

  const IngestTopology& topology_;
  ports::Source& source_;
  ports::Changelog& waiting_;
  OrderBook& orders_;
  const IngestOptions options_;
  std::vector<codec::Decoder> decoders_;  // one an input, and of the canonical form
  std::map<std::uint32_t, Partition> partitions_;
  WaitingRoom room_;
  std::vector<std::string> due_;  // orders that became known while somebody waited for them
  IngestCounters counters_;
  std::vector<codec::OddFields> odd_fields_;  // by decoder
  struct State {
    bool loaded = false;  // the order book is
    bool asked = false;   // the brokers for an order, in this batch
    bool sent = false;    // something, since advance() was asked
  } state_;
  struct Scratch {
    Arena arena;
    std::string text;
    std::vector<std::string_view> elements;
  } scratch_;
};

}  // namespace fealty::runtime
