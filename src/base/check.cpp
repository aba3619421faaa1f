#include "fealty/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace fealty {

void check_failed(const char* why, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, why);
  std::abort();
}

}  // namespace fealty
