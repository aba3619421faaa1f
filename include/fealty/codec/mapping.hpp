#pragma once

#include <string>

// Filled in by the codec room: the compiled form of a declarative mapping file.
namespace fealty::codec {

struct Mapping;

}  // namespace fealty::codec
