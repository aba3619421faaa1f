#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "fealty/ports/reads.hpp"

namespace fealty::serve {

/// One connection: a request, its answer, the next request.
///
/// Borrows `reads`. Lives as long as something is under way for it. Threads: the socket's.
class Session : public std::enable_shared_from_this<Session> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;
  Session(Socket socket, ports::Reads& reads, std::size_t& open);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void read();
  /// Writes `answer`, then closes.
  void dismiss(std::string answer);

 private:
  void take_line(std::size_t bytes, bool last);
  void ask(std::string_view line);
  void answered(std::uint64_t number, const ports::ReadOutcome& outcome, bool stale);
  void write(std::string answer);

  Socket socket_;
  ports::Reads& reads_;
  std::size_t& open_;  // sessions of the socket
  boost::asio::steady_timer timer_;
  std::string in_, out_;
  std::uint64_t asked_ = 0;  // the request under way: an answer to an earlier one came too late
  bool last_ = false;        // closes behind the next answer
};

}  // namespace fealty::serve
