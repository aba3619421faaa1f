#include "health.hpp"

#include "fealty/files/atomic_file.hpp"
#include "fealty/log/log.hpp"

namespace fealty::cli {

void Health::alive() {
  const auto now = std::chrono::steady_clock::now();
  if (file_.empty() || now - last_ < std::chrono::seconds{1}) return;
  last_ = now;
  if (auto written = files::write_atomically(file_, "ok\n", false); !written) {
    log::warn("health.unwritable", {{"file", file_}, {"error", to_string(written.error())}});
  }
}

}  // namespace fealty::cli
