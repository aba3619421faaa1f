#pragma once

#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

/// What the two small Kafka tools share: a client with given properties, an end with a reason, a
/// clock.
namespace fealty::tools {

[[noreturn]] inline void fail(const std::string& why) {
  std::cerr << why << "\n";
  std::exit(1);
}

inline void require(rd_kafka_error_t* error, const char* what) {
  if (error != nullptr) fail(std::string{what} + ": " + rd_kafka_error_string(error));
}

using Properties = std::vector<std::pair<std::string, std::string>>;

inline rd_kafka_t* make_client(rd_kafka_type_t type, const Properties& properties) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> reason{};
  for (const auto& [key, value] : properties) {
    if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), reason.data(), reason.size()) !=
        RD_KAFKA_CONF_OK) {
      fail(reason.data());
    }
  }
  rd_kafka_t* rk = rd_kafka_new(type, conf, reason.data(), reason.size());
  if (rk == nullptr) fail(reason.data());
  return rk;
}

class Stopwatch {
 public:
  [[nodiscard]] double wall_s() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  /// User and system time of this process since the stopwatch was made.
  [[nodiscard]] double cpu_s() const { return cpu_now_s() - cpu_start_s_; }

 private:
  static double cpu_now_s() {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(use.ru_utime) + seconds(use.ru_stime);
  }
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double cpu_start_s_ = cpu_now_s();
};

}  // namespace fealty::tools
