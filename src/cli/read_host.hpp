#pragma once

#include <memory>

#include "fealty/base/result.hpp"
#include "fealty/config/service.hpp"
#include "fealty/runtime/worker_reads.hpp"
#include "fealty/serve/read_socket.hpp"
#include "workers.hpp"

namespace fealty::cli {

/// Where the workers of a process can be asked: on its socket, where the service has one.
///
/// Borrows the workers, which must not be running any more when it ends. Errors:
/// serve::ReadSocket's.
class ReadHost {
 public:
  static Result<std::unique_ptr<ReadHost>> open(const config::ServiceConfig& service,
                                                Workers& workers);

 private:
  ReadHost(const config::ServiceConfig& service, Workers& workers);

  runtime::WorkerReads reads_;
  std::unique_ptr<serve::ReadSocket> socket_;  // ends first
};

}  // namespace fealty::cli
