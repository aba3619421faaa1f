#pragma once

#include <string>

#include "decode_support.hpp"
#include "fealty/codec/digest.hpp"

namespace fealty::codec {

/// Everything by which two events differ, the fields of their data by a digest.
inline std::string described(const event::Event& event) {
  return std::string{event::name(event.type)} + " " + std::string{event.id} + " " +
         std::string{event.source} + " " + std::string{event.member} + " " +
         std::to_string(event.time.time_since_epoch().count()) + " " +
         std::to_string(digest_of(event)) + " " + std::to_string(event.id_hash) + " " +
         std::to_string(event.digest);
}

}  // namespace fealty::codec
