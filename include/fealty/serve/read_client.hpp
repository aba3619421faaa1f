#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/serve/read_protocol.hpp"

namespace fealty::serve {

/// Asks the process that listens on a Unix socket.
///
/// Owns: a connection. Threads: one. Errors: input_unreadable where there is no such socket, nobody
/// listens there, or no answer came, with what to do; input_corrupt (something else listens);
/// usage.
class ReadClient {
 public:
  static Result<ReadClient> connect(const std::string& path);
  ReadClient(ReadClient&&) noexcept;
  ReadClient& operator=(ReadClient&&) noexcept;
  ~ReadClient();

  struct Reply {
    OutcomeHead head;
    std::vector<std::string> lines;
  };
  Result<Reply> ask(const TimedRequest& timed);

 private:
  class Connection;
  explicit ReadClient(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace fealty::serve
