#pragma once

#include <memory>

namespace fealty {

/// A T elsewhere in memory, for what few objects of a kind have: a pointer's size until it is
/// written for the first time, and read as T{} until then. Copied and compared by value.
template <class T>
class Boxed {
 public:
  Boxed() = default;
  Boxed(const Boxed& other) : held_{other.held_ ? std::make_unique<T>(*other.held_) : nullptr} {}
  Boxed(Boxed&&) noexcept = default;
  Boxed& operator=(const Boxed& other) { return *this = Boxed{other}; }
  Boxed& operator=(Boxed&&) noexcept = default;
  ~Boxed() = default;

  const T& operator*() const { return held_ ? *held_ : empty(); }
  const T* operator->() const { return &**this; }
  /// To write to; made where it is not there yet.
  T& edit() {
    if (!held_) held_ = std::make_unique<T>();
    return *held_;
  }
  [[nodiscard]] bool held() const { return held_ != nullptr; }

  friend bool operator==(const Boxed& a, const Boxed& b) { return *a == *b; }

 private:
  static const T& empty() {
    static const T none{};
    return none;
  }
  std::unique_ptr<T> held_;
};

}  // namespace fealty
