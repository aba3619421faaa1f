#pragma once

#include <string>
#include <string_view>

#include "same_event.hpp"

namespace fealty::codec {

/// One decoder that has seen records before, and one that parses each.
class Pair {
 public:
  explicit Pair(const Mapping& mapping) : known_{mapping}, parser_{mapping, {.shapes = false}} {}
  Pair() : Pair(cloudevents_mapping()) {}

  std::string known(std::string_view record) { return answer(known_, record); }
  std::string parsed(std::string_view record) { return answer(parser_, record); }
  [[nodiscard]] std::uint64_t by_shape() const { return known_.by_shape(); }

 private:
  static std::string answer(Bench& by, std::string_view record) {
    std::string outcome = by.outcome(record);
    if (outcome != "ok") return outcome;
    return described(by.event);
  }
  Bench known_, parser_;
};

}  // namespace fealty::codec
