#include "log_file.hpp"

#include <cstring>
#include <fstream>

namespace fealty::bench {

Result<LogFile> read_log(const std::string& path, std::size_t lines_max) {
  std::ifstream file{path, std::ios::binary | std::ios::ate};
  if (!file) return Error{Errc::input_unreadable, "log", path};
  const auto size = static_cast<std::size_t>(file.tellg());
  LogFile log;
  log.bytes.resize(size + LogFile::padding_bytes);
  file.seekg(0);
  if (!file.read(log.bytes.data(), static_cast<std::streamsize>(size))) {
    return Error{Errc::input_unreadable, "log", path};
  }
  const char* at = log.bytes.data();
  const char* const end = at + size;
  while (at < end && (lines_max == 0 || log.lines.size() < lines_max)) {
    const void* const found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
    const char* const stop = found == nullptr ? end : static_cast<const char*>(found);
    if (stop > at) log.lines.emplace_back(at, static_cast<std::size_t>(stop - at));
    at = stop + 1;
  }
  return log;
}

}  // namespace fealty::bench
