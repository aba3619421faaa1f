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

/// Tells a file that was not touched since from any other; all 0 = no regular file.
struct FileStamp {
  std::uint64_t device = 0, inode = 0, bytes = 0, changed_ns = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// A log that was read, with what is needed to know it again: its content, not its name.
struct InputFile {
  std::string path = {};  // as given or found; "-" = standard input
  FileStamp stamp = {};   // when it was opened
  Offset first_record = 0;
  std::uint64_t records = 0;                    // read of it
  std::uint64_t read_bytes = 0, read_hash = 0;  // XXH3 of their lines: see LineHash
  bool ended = false;                           // that was all of it; then:
  bool unterminated = false;                    // its last line has no end
  friend bool operator==(const InputFile&, const InputFile&) = default;
};

/// What a run goes by, beside its input.
struct RunIdentity {
  std::string program_id = {}, program_version = {};  // of all generations: "1,2"
  std::vector<std::uint64_t> generations = {};        // a hash of each, in order
  std::string mapping = {};                           // as given
  std::uint64_t mapping_fingerprint = 0;
  std::uint32_t core_revision = 0;  // of the code that applies events
  friend bool operator==(const RunIdentity&, const RunIdentity&) = default;
};

/// A figure of the report, as of a commit.
struct Count {
  std::string name = {};
  std::int64_t value = 0;
  friend bool operator==(const Count&, const Count&) = default;
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
  RunIdentity run = {};
  std::uint64_t key = 0;  // drawn as the run began: what belongs to it alone can be told by it
  std::vector<PartitionPosition> partitions = {};
  std::vector<InputFile> inputs = {};  // those opened so far, in order
  std::vector<OutputBytes> outputs = {};
  std::vector<Count> counts = {};  // of all processes that worked on the run
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

std::string to_json(const Manifest& manifest);
/// invalid_config where `json` is no manifest, wrong_revision where another release wrote it.
Result<Manifest> manifest_from_json(std::string_view json);

/// The manifest of an output directory; nullopt where there is none. input_unreadable.
Result<std::optional<Manifest>> load_manifest(const std::string& dir);
/// Replaces the manifest of `dir`, all or nothing. `durable`: survives a power cut once it returns.
Result<void> save_manifest(const std::string& dir, const Manifest& manifest, bool durable);

}  // namespace fealty::files
