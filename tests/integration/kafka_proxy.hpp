#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace fealty::kafka::test {

inline constexpr std::int16_t api_end_transaction = 26;

/// Stands between a worker and a broker, and loses one request, or the answer to it, on purpose.
/// Threads: one of its own; its calls from any.
class Proxy {
 public:
  enum class Lose : std::uint8_t {
    nothing,
    request,  // it does not arrive before deliver_late(), nor anything behind it on its connection
    answer,   // the broker gets it; nothing comes back on its connection any more
  };
  Proxy(std::uint16_t port, std::uint16_t broker_port);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  [[nodiscard]] std::string bootstrap() const { return "127.0.0.1:" + std::to_string(port_); }
  /// Of the next request with this API key.
  void lose(Lose what, std::int16_t api_key);
  /// How many were lost so far.
  [[nodiscard]] int lost() const { return lost_; }
  /// The lost request arrives after all. False where its connection to the broker is gone.
  bool deliver_late();

 private:
  struct Connection {
    int client = -1, broker = -1;
    std::string partial;  // of a request
    bool client_mute = false, broker_mute = false;
  };
  void run();
  void accept_one();
  /// False where the connection ended.
  bool from_client(Connection& connection);
  bool from_broker(const Connection& connection) const;
  bool pass_on(Connection& connection, const std::string& request);

  const std::uint16_t port_, broker_port_;
  int listener_ = -1;
  std::atomic<bool> stop_{false};
  std::atomic<int> lost_{0};
  std::mutex mutex_;  // guards what follows
  Lose lose_ = Lose::nothing;
  std::int16_t api_key_ = -1;
  std::string held_;  // the lost request
  int held_for_ = -1;
  std::map<int, Connection> connections_;  // by the client's socket
  std::thread thread_;
};

}  // namespace fealty::kafka::test
