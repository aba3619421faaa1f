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

void get(std::string_view bytes, ports::Advance& advance, Reader& outer) {
  Reader in{bytes};
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(advance.position);
        break;
      case tag(2, wire::varint):
        advance.time = from_ms(in.raw_sint());
        break;
      default:
        in.skip(t, 2);
    }
  }
  if (!in.ok()) outer.fail();
}

void get(std::string_view bytes, ports::Generation& generation, Reader& outer) {
  Reader in{bytes};
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(generation.version);
        break;
      case tag(2, wire::fixed64):
        generation.fingerprint = in.raw_fixed64();
        break;
      case tag(3, wire::varint):
        generation.valid_from = static_cast<Day>(in.raw_sint());
        break;
      case tag(4, wire::varint):
        in.uint(generation.adopted_at);
        break;
      default:
        in.skip(t, 4);
    }
  }
  if (!in.ok()) outer.fail();
}

void get(std::string_view bytes, ports::ClockState& clock, Reader& outer) {
  Reader in{bytes};
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        clock.now = from_ms(in.raw_sint());
        break;
      case tag(2, wire::varint): {
        std::uint32_t confirmed = 0;
        in.uint(confirmed);
        clock.confirmed = confirmed != 0;
        break;
      }
      case tag(3, wire::varint):
        clock.suspect = from_ms(in.raw_sint());
        break;
      case tag(4, wire::fixed64):
        clock.suspect_member = in.raw_fixed64();
        break;
      default:
        in.skip(t, 4);
    }
  }
  if (!in.ok()) outer.fail();
}

void put(Writer& out, std::uint32_t field, const ports::ClockState& clock) {
  out.nested(field, [&] {
    out.sint(1, ms(clock.now));
    out.uint(2, clock.confirmed ? 1 : 0);
    out.sint(3, ms(clock.suspect));
    out.fixed(4, clock.suspect_member);
  });
}

constexpr std::size_t clock_bytes_max = 4 * wire::number_bytes_max + wire::head_bytes_max;

}  // namespace

void encode_checkpoint(const ports::Checkpoint& checkpoint, std::string& out_bytes) {
  constexpr std::size_t advance_bytes_max = 2 * wire::number_bytes_max + wire::head_bytes_max;
  Writer out{out_bytes,
             10 * wire::number_bytes_max + wire::head_bytes_max + 2 * clock_bytes_max +
                 checkpoint.program_id.size() + checkpoint.note.size() + wire::head_bytes_max +
                 (checkpoint.advances.size() + checkpoint.refused.size()) * advance_bytes_max +
                 checkpoint.generations.size() * clock_bytes_max};
  out.always_uint(1, format_version);
  out.uint(2, checkpoint.recover_from);
  out.uint(3, checkpoint.committed);
  put(out, 4, checkpoint.clock);
  for (const auto& advance : checkpoint.advances) {
    out.nested(6, [&] {
      out.uint(1, advance.position);
      out.sint(2, ms(advance.time));
    });
  }
  out.text(7, checkpoint.program_id);
  out.uint(10, checkpoint.core_revision);
  out.uint(11, checkpoint.recorded_to);
  put(out, 12, checkpoint.recorded_clock);
  out.text(13, checkpoint.note);
  for (const ports::Offset offset : checkpoint.refused) {
    out.nested(14, [&] { out.uint(1, offset); });
  }
  out.sint(15, checkpoint.turned_to);
  for (const ports::Generation& generation : checkpoint.generations) {
    out.nested(16, [&] {
      out.uint(1, generation.version);
      out.fixed(2, generation.fingerprint);
      out.sint(3, generation.valid_from);
      out.uint(4, generation.adopted_at);
    });
  }
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
      case tag(4, wire::bytes):
        get(in.raw_bytes(), checkpoint.clock, in);
        break;
      case tag(6, wire::bytes):
        get(in.raw_bytes(), checkpoint.advances.emplace_back(), in);
        break;
      case tag(7, wire::bytes):
        in.text(checkpoint.program_id);
        break;
      case tag(10, wire::varint):
        in.uint(checkpoint.core_revision);
        break;
      case tag(11, wire::varint):
        in.uint(checkpoint.recorded_to);
        break;
      case tag(12, wire::bytes):
        get(in.raw_bytes(), checkpoint.recorded_clock, in);
        break;
      case tag(13, wire::bytes):
        in.text(checkpoint.note);
        break;
      case tag(14, wire::bytes): {
        ports::Advance refused;
        get(in.raw_bytes(), refused, in);
        checkpoint.refused.push_back(refused.position);
        break;
      }
      case tag(15, wire::varint):
        checkpoint.turned_to = static_cast<Day>(in.raw_sint());
        break;
      case tag(16, wire::bytes):
        get(in.raw_bytes(), checkpoint.generations.emplace_back(), in);
        break;
      default:
        in.skip(t, 16);
    }
  }
  if (auto read = verdict(in.ok(), format.number, "checkpoint"); !read) return read.error();
  return checkpoint;
}

}  // namespace fealty::state
