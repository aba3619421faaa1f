#include "fealty/runtime/team.hpp"

#include <pthread.h>

namespace fealty::runtime {

Team::Team(std::size_t size) {
  for (std::size_t share = 1; share < size; ++share) {
    threads_.emplace_back([this, share] { work_on(share); });
  }
}

Team::~Team() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  begin_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Team::run(const std::function<void(std::size_t)>& work) {
  {
    const std::lock_guard lock{mutex_};
    work_ = &work;
    left_ = threads_.size();
    ++step_;
  }
  begin_.notify_all();
  work(0);
  std::unique_lock lock{mutex_};
  done_.wait(lock, [this] { return left_ == 0; });
}

void Team::work_on(std::size_t share) {
  pthread_setname_np(pthread_self(), "fealty-apply");
  std::uint64_t seen = 0;
  std::unique_lock lock{mutex_};
  while (true) {
    begin_.wait(lock, [&] { return ending_ || step_ != seen; });
    if (ending_) return;
    seen = step_;
    const auto& work = *work_;
    lock.unlock();
    work(share);
    lock.lock();
    if (--left_ == 0) done_.notify_one();
  }
}

}  // namespace fealty::runtime
