#pragma once

#include <simdjson.h>

#include "fealty/codec/mapping.hpp"
#include "trace.hpp"

namespace fealty::codec {

/// One pass over a JSON document in document order: each key is looked up in the mapping's node and
/// its value captured, descended into, or checked and skipped. What is skipped is still held to be
/// JSON. Whether what was captured will do is not judged here: it may be the field of another type.
class Walk {
 public:
  /// `trace` is told what is captured, unless it is nullptr.
  Walk(const Mapping& mapping, Captured& captured, Arena& arena, Fault& fault, Trace* trace)
      : mapping_{mapping}, captured_{captured}, arena_{arena}, fault_{fault}, trace_{trace} {}

  /// The record's object, whose keys are those of `node`. False after a fault.
  bool document(simdjson::ondemand::document& document, const Node& node);

 private:
  using Value = simdjson::ondemand::value;
  using Object = simdjson::ondemand::object;
  using Array = simdjson::ondemand::array;

  bool object(Object& object, const Node& node, Token* slots, std::size_t depth);
  bool member(Value& value, std::string_view raw, const Entry& entry, Token* slots,
              std::size_t depth);
  bool mapped_object(Value& value, const Entry& entry, Token* slots, std::size_t depth);
  bool mapped_array(Value& value, const Entry& entry, Token* slots, std::size_t depth);
  bool lines(Array& array, const Entry& entry, std::size_t depth);
  bool single(Array& array, const Entry& entry, Token* slots, std::size_t depth);
  bool skip(Value& value, std::string_view raw, std::size_t depth);
  bool skip_object(Object& object, std::size_t depth);
  bool skip_array(Array& array, std::size_t depth);
  int find(const Node& node, std::string_view key);
  bool open(Value& value, std::size_t depth, Object& object);
  bool open(Value& value, std::size_t depth, Array& array);
  bool refuse(simdjson::error_code error);
  void ambiguous(const Token& token, Ambiguous::Why why);
  void note_scalar(std::string_view raw, const Token& scalar, const Place& place);

  const Mapping& mapping_;
  Captured& captured_;
  Arena& arena_;
  Fault& fault_;
  Trace* const trace_;
};

/// The Errc of what simdjson refused.
Errc errc_of(simdjson::error_code error);

}  // namespace fealty::codec
