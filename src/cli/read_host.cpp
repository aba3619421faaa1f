#include "read_host.hpp"

#include <utility>
#include <vector>

namespace fealty::cli {
namespace {

std::vector<runtime::MemberReads*> reads_of(Workers& workers) {
  std::vector<runtime::MemberReads*> out;
  for (runtime::Members* const members : workers.members()) out.push_back(&members->reads());
  return out;
}

}  // namespace

ReadHost::ReadHost(const config::ServiceConfig& service, Workers& workers)
    : reads_{reads_of(workers), workers.input_partitions(),
             service.kafka.key_check == config::KeyCheck::deadletter} {}

Result<std::unique_ptr<ReadHost>> ReadHost::open(const config::ServiceConfig& service,
                                                 Workers& workers) {
  std::unique_ptr<ReadHost> host{new ReadHost{service, workers}};
  if (service.reads_socket.empty()) return host;
  auto socket = serve::ReadSocket::open(service.reads_socket, host->reads_);
  if (!socket) return socket.error();
  host->socket_ = std::move(*socket);
  return host;
}

}  // namespace fealty::cli
