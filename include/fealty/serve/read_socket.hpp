#pragma once

#include <memory>
#include <string>

#include "fealty/base/result.hpp"
#include "fealty/ports/reads.hpp"

namespace fealty::serve {

/// Answers reads over a Unix socket, as read_protocol.hpp says, for whoever may open its file: the
/// user that the process runs as (mode 0600).
///
/// Owns:    the socket, its file, which goes with it, and a thread. Borrows `reads`; whoever was
///          asked there must have answered, or be asked no more, when this ends.
/// Threads: one of its own.
/// Errors:  usage where the file cannot be made, or another process listens there. A connection's
///          errors end that connection.
class ReadSocket {
 public:
  /// Connections at a time; one more is told so and closed.
  static constexpr std::size_t connections_max = 64;
  /// A path in bytes, as the kernel takes it.
  static constexpr std::size_t path_bytes_max = 107;

  static Result<std::unique_ptr<ReadSocket>> open(const std::string& path, ports::Reads& reads);
  ~ReadSocket();
  ReadSocket(const ReadSocket&) = delete;
  ReadSocket& operator=(const ReadSocket&) = delete;

 private:
  class Server;
  explicit ReadSocket(std::unique_ptr<Server> server);
  std::unique_ptr<Server> server_;
};

}  // namespace fealty::serve
