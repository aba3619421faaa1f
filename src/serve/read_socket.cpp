#include "fealty/serve/read_socket.hpp"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "fealty/log/log.hpp"
#include "fealty/serve/read_protocol.hpp"
#include "session.hpp"

namespace fealty::serve {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;
using Code = boost::system::error_code;

Error refused(const std::string& path, const std::string& why) {
  return {Errc::usage, "reads.socket", "'" + path + "': " + why};
}

/// What a process left there that is gone goes; anything else stays.
Result<void> make_way(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return refused(path, std::generic_category().message(errno));
  }
  if (!S_ISSOCK(found.st_mode)) {
    return refused(path, "is there already and no socket: give another path");
  }
  asio::io_context context;
  Local::socket probe{context};
  Code failed;
  probe.connect(Local::endpoint{path}, failed);
  if (!failed || failed == asio::error::try_again) {
    return refused(path, "another process listens there: stop it, or give another path");
  }
  if (failed != asio::error::connection_refused) return refused(path, failed.message());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return refused(path, "left by a process that is gone, and cannot be removed: " +
                             std::generic_category().message(errno));
  }
  return {};
}

}  // namespace

class ReadSocket::Server {
 public:
  Server(std::string path, ports::Reads& reads) : path_{std::move(path)}, reads_{reads} {}
  ~Server() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    remove_file();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Result<void> listen() {
    if (path_.size() > path_bytes_max) {
      return refused(path_, "a socket's path has at most " + std::to_string(path_bytes_max) +
                                " bytes: give a shorter one");
    }
    if (auto way = make_way(path_); !way) return way;
    Code failed;
    acceptor_.open(Local{}, failed);
    if (!failed) acceptor_.bind(Local::endpoint{path_}, failed);
    if (failed) return refused(path_, failed.message());
    // Nobody can connect before it listens: by then it is the owner's alone.
    struct stat made {};
    if (::chmod(path_.c_str(), S_IRUSR | S_IWUSR) != 0 || ::lstat(path_.c_str(), &made) != 0) {
      return refused(path_, std::generic_category().message(errno));
    }
    file_ = made.st_ino;
    acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) return refused(path_, failed.message());
    accept();
    thread_ = std::thread{[this] {
      pthread_setname_np(pthread_self(), "fealty-reads");
      context_.run();
    }};
    return {};
  }

 private:
  void accept() {
    acceptor_.async_accept([this](const Code& failed, Local::socket socket) {
      if (failed) return accept_later(failed);
      const bool full = open_ >= connections_max;
      const auto session = std::make_shared<Session>(std::move(socket), reads_, open_);
      if (full) {
        session->dismiss(encode_outcome(
            ports::ReadRefusal{
                ports::ReadFailure::busy,
                "there are " + std::to_string(connections_max) + " connections already"},
            false));
      } else {
        session->read();
      }
      accept();
    });
  }

  /// Out of files, most likely.
  void accept_later(const Code& failed) {
    log::warn("reads.not_accepted", {{"error", failed.message()}});
    constexpr std::chrono::seconds pause{1};
    timer_.expires_after(pause);
    timer_.async_wait([this](const Code& stopped) {
      if (!stopped) accept();
    });
  }

  void remove_file() const {
    struct stat found {};
    if (file_ == 0 || ::lstat(path_.c_str(), &found) != 0 || found.st_ino != file_) return;
    ::unlink(path_.c_str());
  }

  const std::string path_;
  ports::Reads& reads_;
  std::size_t open_ = 0;  // sessions; they end with the context
  ino_t file_ = 0;        // ours
  asio::io_context context_{1};
  Local::acceptor acceptor_{context_};
  asio::steady_timer timer_{context_};
  std::thread thread_;
};

ReadSocket::ReadSocket(std::unique_ptr<Server> server) : server_{std::move(server)} {}
ReadSocket::~ReadSocket() = default;

Result<std::unique_ptr<ReadSocket>> ReadSocket::open(const std::string& path, ports::Reads& reads) {
  auto server = std::make_unique<Server>(path, reads);
  if (auto listening = server->listen(); !listening) return listening.error();
  log::info("reads.listening", {{"socket", path}});
  return std::unique_ptr<ReadSocket>{new ReadSocket{std::move(server)}};
}

}  // namespace fealty::serve
