#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "fealty/base/check.hpp"
#include "traffic.hpp"

namespace fealty::generator {

/// A record being built. Fixed room: an event of this shop never comes near it (checked).
class Text {
 public:
  void clear() { size_ = 0; }
  Text& operator<<(std::string_view text) {
    check(size_ + text.size() <= room_.size(), "an event outgrew its room");
    text.copy(room_.data() + size_, text.size());
    size_ += text.size();
    return *this;
  }
  Text& number(std::uint64_t value, std::size_t digits_min = 1);
  Text& hex(std::uint64_t value);
  /// Two decimals.
  Text& dollars(std::int64_t minor);
  Text& time(EventTime time);
  Text& date(Day day);
  [[nodiscard]] std::string_view view() const { return {room_.data(), size_}; }

 private:
  std::array<char, 4096> room_;
  std::size_t size_ = 0;
};

/// Turns drafts into lines of the chosen format, without the line feed.
class Renderer {
 public:
  Renderer(const ShopOptions& options, const Catalogue& catalogue);
  /// Valid until the next call. `number`: ordinal of the event, which its id is made of.
  std::string_view render(const Draft& draft, std::uint64_t number);

 private:
  void head(const Draft& draft, std::uint64_t number);
  void data(const Draft& draft);
  void touch(const Draft& draft, Random& random);
  void purchase(const Draft& draft, Random& random);
  void refund(const Draft& draft, Random& random);
  void review(const Draft& draft, Random& random);
  void redemption(const Draft& draft, Random& random);
  void enrol(const Draft& draft, Random& random);

  std::uint64_t seed_;
  Format format_;
  const Catalogue& catalogue_;
  std::string source_;
  Text text_;
};

}  // namespace fealty::generator
