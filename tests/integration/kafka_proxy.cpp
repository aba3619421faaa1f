#include "kafka_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "kafka_admin.hpp"

namespace fealty::kafka::test {

namespace {

sockaddr_in local(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// A request is 4 bytes of size, then 2 of API key, big endian.
std::size_t frame_bytes(const std::string& at) {
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8U | static_cast<unsigned char>(at[i]);
  return std::size_t{size} + 4;
}
std::int16_t api_key_of(const std::string& request) {
  return static_cast<std::int16_t>(static_cast<unsigned char>(request[4]) << 8U |
                                   static_cast<unsigned char>(request[5]));
}

}  // namespace

Proxy::Proxy(std::uint16_t port, std::uint16_t broker_port)
    : port_{port}, broker_port_{broker_port} {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = local(port);
  expect(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
             ::listen(listener_, 64) == 0,
         "the proxy's port is taken");
  thread_ = std::thread{[this] { run(); }};
}

Proxy::~Proxy() {
  stop_ = true;
  thread_.join();
  for (const auto& [client, connection] : connections_) {
    ::close(client);
    ::close(connection.broker);
  }
  ::close(listener_);
}

void Proxy::lose(Lose what, std::int16_t api_key) {
  const std::lock_guard lock{mutex_};
  lose_ = what;
  api_key_ = api_key;
}

bool Proxy::deliver_late() {
  const std::lock_guard lock{mutex_};
  const auto connection = connections_.find(held_for_);
  return connection != connections_.end() && send_all(connection->second.broker, held_);
}

void Proxy::run() {
  constexpr int look_ms = 20;  // at stop_
  while (!stop_) {
    std::vector<pollfd> sockets{{listener_, POLLIN, 0}};
    std::vector<int> owners{-1};
    {
      const std::lock_guard lock{mutex_};
      for (const auto& [client, connection] : connections_) {
        sockets.push_back({client, POLLIN, 0});
        sockets.push_back({connection.broker, POLLIN, 0});
        owners.insert(owners.end(), {client, client});
      }
    }
    if (::poll(sockets.data(), sockets.size(), look_ms) <= 0) continue;
    const std::lock_guard lock{mutex_};
    if (sockets[0].revents != 0) accept_one();
    for (std::size_t i = 1; i < sockets.size(); ++i) {
      const auto found = connections_.find(owners[i]);
      if (sockets[i].revents == 0 || found == connections_.end()) continue;
      Connection& connection = found->second;
      const bool of_client = sockets[i].fd == connection.client;
      if (of_client ? from_client(connection) : from_broker(connection)) continue;
      // A lost request's way to the broker stays open.
      if (of_client && found->first == held_for_) {
        ::shutdown(connection.client, SHUT_RDWR);
        continue;
      }
      ::close(connection.client);
      ::close(connection.broker);
      connections_.erase(found);
    }
  }
}

void Proxy::accept_one() {
  Connection made;
  made.client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (made.client < 0) return;
  made.broker = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = local(broker_port_);
  if (::connect(made.broker, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(made.client);
    ::close(made.broker);
    return;
  }
  connections_[made.client] = std::move(made);
}

bool Proxy::from_client(Connection& connection) {
  std::array<char, 65536> bytes{};
  const ssize_t got = ::recv(connection.client, bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  if (connection.client_mute) return true;
  connection.partial.append(bytes.data(), static_cast<std::size_t>(got));
  while (connection.partial.size() >= 6 &&
         connection.partial.size() >= frame_bytes(connection.partial)) {
    const std::string request = connection.partial.substr(0, frame_bytes(connection.partial));
    connection.partial.erase(0, request.size());
    if (!pass_on(connection, request)) return false;
    if (connection.client_mute) break;
  }
  return true;
}

bool Proxy::pass_on(Connection& connection, const std::string& request) {
  if (lose_ == Lose::nothing || api_key_of(request) != api_key_) {
    return send_all(connection.broker, request);
  }
  const Lose what = lose_;
  lose_ = Lose::nothing;
  ++lost_;
  connection.client_mute = connection.broker_mute = true;
  if (what == Lose::answer) return send_all(connection.broker, request);
  held_ = request;
  held_for_ = connection.client;
  return true;
}

bool Proxy::from_broker(const Connection& connection) const {
  std::array<char, 65536> bytes{};
  const ssize_t got = ::recv(connection.broker, bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  if (connection.broker_mute) return true;
  return send_all(connection.client, {bytes.data(), static_cast<std::size_t>(got)});
}

}  // namespace fealty::kafka::test
