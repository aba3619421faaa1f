#include "standstill.hpp"

namespace fealty::cli {

void Standstill::leave() {
  const std::lock_guard lock{mutex_};
  --running_;
  changed_.notify_all();
}

void Standstill::stand() {
  std::unique_lock lock{mutex_};
  if (!wanted_) return;
  --running_;
  changed_.notify_all();
  changed_.wait(lock, [this, act = acts_] { return acts_ != act; });
  ++running_;
}

bool Standstill::during(std::chrono::milliseconds patience, const std::function<void()>& act) {
  std::unique_lock lock{mutex_};
  wanted_ = true;
  const bool still = changed_.wait_for(lock, patience, [this] { return running_ == 0; });
  if (still) act();
  wanted_ = false;
  ++acts_;
  changed_.notify_all();
  return still;
}

}  // namespace fealty::cli
