#include "fealty/serve/read_client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "fealty/serve/read_socket.hpp"

namespace fealty::serve {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;
using Code = boost::system::error_code;

/// The process keeps time itself: beyond this it hangs.
constexpr std::chrono::seconds grace{5};

Error unreachable(const std::string& path, const Code& failed) {
  const std::string at = "'" + path + "': ";
  const std::string start =
      "start `fealty run` with reads.socket set to it, or give the path that "
      "the running one has";
  if (failed == boost::system::errc::no_such_file_or_directory) {
    return {Errc::input_unreadable, "--socket", at + "there is no such socket: " + start};
  }
  if (failed == asio::error::connection_refused) {
    return {Errc::input_unreadable, "--socket",
            at + "nobody listens there any more: the process that made it is gone: " + start};
  }
  if (failed == asio::error::access_denied) {
    return {Errc::input_unreadable, "--socket",
            at + "only the user whose process made it may ask: become that user"};
  }
  return {Errc::input_unreadable, "--socket", at + failed.message() + ": " + start};
}

}  // namespace

class ReadClient::Connection {
 public:
  explicit Connection(std::string path) : path_{std::move(path)} {}

  Result<void> open() {
    if (path_.empty() || path_.size() > ReadSocket::path_bytes_max) {
      return Error{
          Errc::usage, "--socket",
          "a socket's path has 1 to " + std::to_string(ReadSocket::path_bytes_max) + " bytes"};
    }
    Code failed;
    socket_.connect(Local::endpoint{path_}, failed);
    if (failed) return unreachable(path_, failed);
    return {};
  }

  Result<void> send(const std::string& request) {
    deadline_ = std::chrono::steady_clock::now() + grace;
    return finish([&](const auto& done) {
      asio::async_write(socket_, asio::buffer(request),
                        [done](const Code& failed, std::size_t) { done(failed); });
    });
  }
  void patience(std::chrono::milliseconds timeout) {
    deadline_ = std::chrono::steady_clock::now() + timeout + grace;
  }
  /// Without its end.
  Result<std::string> line() {
    std::size_t size = 0;
    auto read = finish([&](const auto& done) {
      asio::async_read_until(socket_, asio::dynamic_buffer(in_), '\n',
                             [done, &size](const Code& failed, std::size_t bytes) {
                               size = bytes;
                               done(failed);
                             });
    });
    if (!read) return read.error();
    std::string out = in_.substr(0, size - 1);
    in_.erase(0, size);
    return out;
  }

 private:
  /// Until what `start` began is over, or the deadline.
  template <class Start>
  Result<void> finish(const Start& start) {
    std::optional<Code> ended;
    start([&](const Code& failed) { ended = failed; });
    context_.restart();
    context_.run_until(deadline_);
    if (!ended) {
      Code ignored;
      socket_.close(ignored);
      context_.restart();
      context_.run();  // what is under way names `ended`
      return Error{Errc::input_unreadable, "--socket",
                   "'" + path_ + "': no answer: the process hangs"};
    }
    if (*ended) {
      return Error{Errc::input_unreadable, "--socket",
                   "'" + path_ + "': the process ended before it answered: " + ended->message()};
    }
    return {};
  }

  const std::string path_;
  asio::io_context context_{1};
  Local::socket socket_{context_};
  std::string in_;
  std::chrono::steady_clock::time_point deadline_;
};

ReadClient::ReadClient(std::unique_ptr<Connection> connection)
    : connection_{std::move(connection)} {}
ReadClient::ReadClient(ReadClient&&) noexcept = default;
ReadClient& ReadClient::operator=(ReadClient&&) noexcept = default;
ReadClient::~ReadClient() = default;

Result<ReadClient> ReadClient::connect(const std::string& path) {
  auto connection = std::make_unique<Connection>(path);
  if (auto opened = connection->open(); !opened) return opened.error();
  return ReadClient{std::move(connection)};
}

Result<ReadClient::Reply> ReadClient::ask(const TimedRequest& timed) {
  if (auto sent = connection_->send(encode_request(timed)); !sent) return sent.error();
  connection_->patience(timed.timeout);
  const auto first = connection_->line();
  if (!first) return first.error();
  auto head = decode_head(*first);
  if (!head) return head.error();
  Reply reply{std::move(*head), {}};
  while (reply.lines.size() < reply.head.lines) {
    auto line = connection_->line();
    if (!line) return line.error();
    reply.lines.push_back(std::move(*line));
  }
  return reply;
}

}  // namespace fealty::serve
