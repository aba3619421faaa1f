#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>

#include "byte_stream.hpp"
#include "fealty/base/check.hpp"

namespace fealty::files {
namespace {

constexpr int window_bits_gzip = 15 + 16;  // the largest window; gzip wrapper only

/// gzip, also of several members. Zero bytes behind the last member are padding.
class Gzip final : public Decompressor {
 public:
  Gzip() { check(::inflateInit2(&stream_, window_bits_gzip) == Z_OK, "zlib starts"); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() override { ::inflateEnd(&stream_); }

  Step step(const char* from, std::size_t from_size, char* to, std::size_t to_size) override {
    if (between_) {
      if (from_size == 0) return {};
      if (first_) {
        first_ = false;
      } else if (*from == '\0') {
        padded_ = true;
        return {.taken = 1, .made = 0};
      } else if (padded_ || *from != '\x1f') {
        return {.taken = 0, .made = 0, .fault = "no gzip data behind the end of a member"};
      }
      check(::inflateReset(&stream_) == Z_OK, "zlib starts again");
      between_ = false;
    }
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    // zlib's interface is not const, but it does not write to its input.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(from));
    stream_.avail_in = static_cast<uInt>(std::min(from_size, most));
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(std::min(to_size, most));
    const int answer = ::inflate(&stream_, Z_NO_FLUSH);
    Step out{.taken = std::min(from_size, most) - stream_.avail_in,
             .made = std::min(to_size, most) - stream_.avail_out};
    if (answer == Z_STREAM_END) between_ = true;
    if (answer == Z_MEM_ERROR) check(false, "out of memory");
    if (answer == Z_DATA_ERROR || answer == Z_NEED_DICT) {
      out.fault = stream_.msg != nullptr ? stream_.msg : "corrupt gzip data";
    }
    return out;
  }
  [[nodiscard]] bool whole() const override { return between_; }

 private:
  z_stream stream_{};
  bool between_ = true, first_ = true, padded_ = false;
};

/// zstd, also of several frames.
class Zstd final : public Decompressor {
 public:
  Zstd() { check(stream_ != nullptr, "out of memory"); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;
  ~Zstd() override { ::ZSTD_freeDStream(stream_); }

  Step step(const char* from, std::size_t from_size, char* to, std::size_t to_size) override {
    if (from_size == 0 && !held_) return {};
    // Never more than one block at a time: an error then takes no good block before it along.
    ZSTD_inBuffer in{from, std::min(from_size, wanted_), 0};
    ZSTD_outBuffer out{to, to_size, 0};
    const std::size_t answer = ::ZSTD_decompressStream(stream_, &out, &in);
    if (::ZSTD_isError(answer) != 0) {
      return {.taken = in.pos, .made = out.pos, .fault = ::ZSTD_getErrorName(answer)};
    }
    held_ = out.pos == to_size;
    if (in.pos > 0 || out.pos > 0) whole_ = answer == 0;
    wanted_ = answer == 0 ? first_wanted() : answer;
    return {.taken = in.pos, .made = out.pos};
  }
  [[nodiscard]] bool whole() const override { return whole_; }

 private:
  static std::size_t first_wanted() { return 5; }  // the shortest header: magic number, descriptor
  ZSTD_DStream* stream_ = ::ZSTD_createDStream();
  std::size_t wanted_ = first_wanted();
  bool whole_ = true;
  bool held_ = false;  // the output was full: there may be more inside
};

}  // namespace

std::unique_ptr<Decompressor> make_gzip() { return std::make_unique<Gzip>(); }
std::unique_ptr<Decompressor> make_zstd() { return std::make_unique<Zstd>(); }

}  // namespace fealty::files
