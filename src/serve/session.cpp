#include "session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <utility>

#include "fealty/serve/read_protocol.hpp"

namespace fealty::serve {
namespace {

namespace asio = boost::asio;
using Code = boost::system::error_code;

/// Until a worker that has overrun the deadline is given up: it says why, as a rule.
constexpr std::chrono::milliseconds grace{1000};

}  // namespace

Session::Session(Socket socket, ports::Reads& reads, std::size_t& open)
    : socket_{std::move(socket)}, reads_{reads}, open_{open}, timer_{socket_.get_executor()} {
  ++open_;
}

Session::~Session() { --open_; }

void Session::read() {
  asio::async_read_until(
      socket_, asio::dynamic_buffer(in_, request_bytes_max), '\n',
      [self = shared_from_this()](const Code& failed, std::size_t bytes) {
        if (!failed) return self->take_line(bytes, false);
        if (failed == asio::error::not_found) {
          return self->dismiss(encode_bad_request("a request is a line of at most " +
                                                  std::to_string(request_bytes_max) + " bytes"));
        }
        // Whoever has said all that he wants to may leave out the line's end.
        if (failed == asio::error::eof && !self->in_.empty()) {
          self->take_line(self->in_.size(), true);
        }
      });
}

void Session::take_line(std::size_t bytes, bool last) {
  last_ = last;
  const std::string line = in_.substr(0, bytes);
  in_.erase(0, bytes);
  ask(line);
}

void Session::ask(std::string_view line) {
  auto timed = decode_request(line);
  if (!timed) return write(encode_bad_request(timed.error().detail));
  const std::uint64_t number = ++asked_;
  const bool stale = timed->request.stale;
  timed->request.deadline = std::chrono::steady_clock::now() + timed->timeout;
  timer_.expires_at(timed->request.deadline + grace);
  timer_.async_wait([self = shared_from_this(), number, stale](const Code& stopped) {
    if (stopped) return;
    self->answered(number,
                   ports::ReadRefusal{ports::ReadFailure::busy,
                                      "the worker did not come to it: it restores, or hangs"},
                   stale);
  });
  // The wait keeps it alive: it ends on this thread, not on the one that answers.
  reads_.ask(std::move(timed->request), [weak = weak_from_this(), executor = socket_.get_executor(),
                                         number, stale](ports::ReadOutcome outcome) {
    asio::post(executor, [weak, number, stale, outcome = std::move(outcome)] {
      if (const auto self = weak.lock()) self->answered(number, outcome, stale);
    });
  });
}

void Session::answered(std::uint64_t number, const ports::ReadOutcome& outcome, bool stale) {
  if (number != asked_) return;
  ++asked_;
  timer_.cancel();
  write(encode_outcome(outcome, stale));
}

void Session::write(std::string answer) {
  out_ = std::move(answer);
  asio::async_write(socket_, asio::buffer(out_),
                    [self = shared_from_this()](const Code& failed, std::size_t) {
                      if (!failed && !self->last_) self->read();
                    });
}

void Session::dismiss(std::string answer) {
  last_ = true;
  write(std::move(answer));
}

}  // namespace fealty::serve
