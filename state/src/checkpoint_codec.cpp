#include "fealty/state/record_codec.hpp"
#include "src/format_error.hpp"
#include "src/wire.hpp"

namespace fealty::state {
namespace {

using wire::Reader;
using wire::tag;
using wire::Writer;

std::int64_t ms(EventTime time) { return time.time_since_epoch().count(); }
EventTime from_ms(std::int64_t count) { return EventTime{std::chrono::milliseconds{count}}; }

void get(std::string_view bytes, ports::Tick& tick, Reader& outer) {
  Reader in{bytes};
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(tick.position);
        break;
      case tag(2, wire::varint):
        tick.time = from_ms(in.raw_sint());
        break;
      default:
        in.skip(t, 2);
    }
  }
  if (!in.ok()) outer.fail();
}

}  // namespace

void encode_checkpoint(const ports::Checkpoint& checkpoint, std::string& out_bytes) {
  constexpr std::size_t tick_bytes_max = 2 * wire::number_bytes_max + wire::head_bytes_max;
  Writer out{out_bytes, 9 * wire::number_bytes_max + wire::head_bytes_max +
                            checkpoint.program_id.size() +
                            checkpoint.ticks.size() * tick_bytes_max};
  out.always_uint(1, format_version);
  out.uint(2, checkpoint.recover_from);
  out.uint(3, checkpoint.committed);
  out.sint(4, ms(checkpoint.clock.now));
  out.sint(5, ms(checkpoint.clock.suspect));
  for (const auto& tick : checkpoint.ticks) {
    out.nested(6, [&] {
      out.uint(1, tick.position);
      out.sint(2, ms(tick.time));
    });
  }
  out.text(7, checkpoint.program_id);
  out.uint(8, checkpoint.program_version);
  out.fixed(9, checkpoint.program_fingerprint);
  out.uint(10, checkpoint.core_revision);
  out.finish();
}

Result<ports::Checkpoint> decode_checkpoint(std::string_view bytes) {
  ports::Checkpoint checkpoint;
  Format format;
  Reader in{bytes};
  for (std::uint32_t t = 0; format.known() && in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(format.number);
        break;
      case tag(2, wire::varint):
        in.uint(checkpoint.recover_from);
        break;
      case tag(3, wire::varint):
        in.uint(checkpoint.committed);
        break;
      case tag(4, wire::varint):
        checkpoint.clock.now = from_ms(in.raw_sint());
        break;
      case tag(5, wire::varint):
        checkpoint.clock.suspect = from_ms(in.raw_sint());
        break;
      case tag(6, wire::bytes):
        get(in.raw_bytes(), checkpoint.ticks.emplace_back(), in);
        break;
      case tag(7, wire::bytes):
        in.text(checkpoint.program_id);
        break;
      case tag(8, wire::varint):
        in.uint(checkpoint.program_version);
        break;
      case tag(9, wire::fixed64):
        checkpoint.program_fingerprint = in.raw_fixed64();
        break;
      case tag(10, wire::varint):
        in.uint(checkpoint.core_revision);
        break;
      default:
        in.skip(t, 10);
    }
  }
  if (auto read = verdict(in.ok(), format.number, "checkpoint"); !read) return read.error();
  return checkpoint;
}

}  // namespace fealty::state
