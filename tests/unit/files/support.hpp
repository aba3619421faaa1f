#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/hash.hpp"
#include "fealty/files/file_sink.hpp"
#include "fealty/files/file_source.hpp"

namespace fealty::files::test {

/// A directory that goes with the test.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fealty-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string operator/(std::string_view name) const {
    return (path_ / name).string();
  }
  [[nodiscard]] std::string path() const { return path_.string(); }
  std::string write(std::string_view name, std::string_view bytes) const {
    std::ofstream{path_ / name, std::ios::binary} << bytes;
    return *this / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path, std::ios::binary}.rdbuf();
  return text.str();
}

inline std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// With a checksum, as the command line tool writes it.
inline std::string zstd(std::string_view text) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

/// Starts every partition where its last commit, or the test, says.
class Listener : public ports::AssignmentListener {
 public:
  ports::Source* source = nullptr;
  std::vector<ports::Assignment> assigned;
  std::optional<Offset> from;
  Result<void> on_assigned(std::span<const ports::Assignment> partitions) override {
    assigned.assign(partitions.begin(), partitions.end());
    for (const auto& at : partitions) {
      if (auto ok = source->start_at(at.partition, from.value_or(at.committed)); !ok) return ok;
    }
    return {};
  }
  Result<void> on_revoked(std::span<const std::uint32_t>, bool) override { return {}; }
};

struct Line {
  Offset offset = 0;
  std::string text;
  bool unterminated = false;
  friend bool operator==(const Line&, const Line&) = default;
};

/// All that a source gives until it ends or fails.
struct Reading {
  std::vector<Line> lines;
  std::optional<Error> error;
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const Line& line : lines) out.push_back(line.text);
    return out;
  }
};

inline Result<ports::Polled> poll_into(FileSource& source, ports::InputBatch& batch,
                                       std::vector<Line>& lines, std::size_t records_max) {
  auto polled = source.poll(batch, records_max, std::chrono::milliseconds{100});
  if (!polled) return polled;
  for (const auto& record : batch.records) {
    // Readers may look at 64 bytes more.
    unsigned sum = 0;
    for (std::size_t i = 0; i < 64; ++i) {
      sum += static_cast<unsigned char>(*(record.value.data() + record.value.size() + i));
    }
    EXPECT_LT(sum, 64U * 256U);
    lines.push_back({record.offset, std::string{record.value}, record.unterminated});
  }
  return polled;
}

inline Reading read_to_end(FileSource& source, std::size_t records_max = 1000,
                           std::optional<Offset> from = {}) {
  Listener listener;
  listener.source = &source;
  listener.from = from;
  Reading reading;
  if (const auto opened = source.open(listener); !opened) {
    reading.error = opened.error();
    return reading;
  }
  ports::InputBatch batch;
  while (true) {
    const auto polled = poll_into(source, batch, reading.lines, records_max);
    if (!polled) reading.error = polled.error();
    if (!polled || *polled == ports::Polled::ended) return reading;
  }
}

inline Reading read_logs(FileSourceOptions options, std::size_t records_max = 1000) {
  InputIndex index;
  FileSource source{std::move(options), Manifest{}, index};
  return read_to_end(source, records_max);
}

inline std::string numbered_lines(int count, std::string_view what = "line") {
  std::string text;
  for (int i = 0; i < count; ++i) text.append(what).append(std::to_string(i)).append("\n");
  return text;
}

}  // namespace fealty::files::test
