#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/event/event.hpp"

namespace fealty::files {

using event::Offset;

/// A place in the logs from which records can be read: record number `record` begins at byte `byte`
/// of the text (after decompression) of log number `file`.
struct Cursor {
  std::uint32_t file = 0;
  std::uint64_t byte = 0;
  Offset record = 0;
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

/// A log that was read, with what is needed to know it again.
struct InputFile {
  std::string path = {};  // as given or found; "-" = standard input
  std::uint64_t head_bytes = 0,
                head_hash = 0;  // XXH3 of the first head_bytes of the file as it lies
  Offset first_record = 0;
  bool ended = false;         // read to its end; then:
  std::uint64_t bytes = 0;    // its size
  std::uint64_t records = 0;  // in it
  bool unterminated = false;  // its last line has no end
  friend bool operator==(const InputFile&, const InputFile&) = default;
};

struct PartitionPosition {
  std::uint32_t partition = 0;
  Offset committed = 0, recover_from = 0;
  std::string note = {};  // ports::CommitPosition::note
  friend bool operator==(const PartitionPosition&, const PartitionPosition&) = default;
};

/// An output file and how much of it is committed.
struct OutputBytes {
  std::string name = {};  // of the file, in the run's directory
  std::uint64_t bytes = 0;
  friend bool operator==(const OutputBytes&, const OutputBytes&) = default;
};

inline constexpr std::string_view manifest_name = "manifest.json";

/// What one commit of a file replay covers: the commit is the rename of this file into place.
struct Manifest {
  bool complete = false;  // the run came to its end
  std::string program_id = {}, program_version = {};
  std::vector<PartitionPosition> partitions = {};
  std::vector<InputFile> inputs = {};  // those opened so far, in order
  Cursor cursor = {};                  // at or before the smallest recover_from
  std::vector<OutputBytes> outputs = {};
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

std::string to_json(const Manifest& manifest);
/// invalid_config where `json` is no manifest, wrong_revision where a newer release wrote it.
Result<Manifest> manifest_from_json(std::string_view json);

/// The manifest of an output directory; nullopt where there is none. input_unreadable.
Result<std::optional<Manifest>> load_manifest(const std::string& dir);
/// Replaces the manifest of `dir`, all or nothing. `durable`: survives a power cut once it returns.
Result<void> save_manifest(const std::string& dir, const Manifest& manifest, bool durable);

}  // namespace fealty::files
