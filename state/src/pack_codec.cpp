#include "src/pack_codec.hpp"

#include <bit>
#include <cstddef>

#include "src/format_error.hpp"
#include "src/wire.hpp"

namespace fealty::state {
namespace {

using wire::Reader;
using wire::tag;
using wire::Writer;

constexpr std::size_t varint_bytes(std::size_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1U)) + 6) / 7;
}
/// Of a text with its tag and length.
constexpr std::size_t text_bytes(std::size_t size) { return 1 + varint_bytes(size) + size; }

void get(std::string_view bytes, PackedRow& row, Reader& outer) {
  Reader in{bytes};
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::bytes):
        row.key = in.raw_bytes();
        break;
      case tag(2, wire::bytes):
        row.value = in.raw_bytes();
        break;
      default:
        in.skip(t, 2);
    }
  }
  if (!in.ok() || row.key.empty() || row.value.empty()) outer.fail();
}

}  // namespace

void begin_pack(std::string& out_bytes) {
  Writer out{out_bytes, wire::number_bytes_max};
  out.always_uint(1, format_version);
  out.finish();
}

void pack_row(char table, std::string_view key, std::string_view value, std::string& out_bytes) {
  const std::size_t key_size = 1 + key.size();
  Writer out{out_bytes, 3 * wire::number_bytes_max + key_size};
  out.raw_varint(tag(2, wire::bytes));
  out.raw_varint(text_bytes(key_size) + text_bytes(value.size()));
  out.raw_varint(tag(1, wire::bytes));
  out.raw_varint(key_size);
  out.raw(&table, 1);
  out.raw(key.data(), key.size());
  out.raw_varint(tag(2, wire::bytes));
  out.raw_varint(value.size());
  out.finish();
  out_bytes.append(value);
}

Result<void> decode_pack(std::string_view bytes,
                         const std::function<Result<void>(const PackedRow&)>& visit) {
  Format format;
  Reader in{bytes};
  for (std::uint32_t t = 0; format.known() && in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(format.number);
        break;
      case tag(2, wire::bytes): {
        PackedRow row;
        get(in.raw_bytes(), row, in);
        if (!in.ok() || format.number == 0) break;
        if (auto visited = visit(row); !visited) return visited;
        break;
      }
      default:
        in.skip(t, 2);
    }
  }
  return verdict(in.ok(), format.number, "pack");
}

}  // namespace fealty::state
