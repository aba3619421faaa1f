#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>

namespace fealty {

/// A vector whose first `inline_max` elements lie in the object itself: no allocation, and no
/// second place in memory to read, for what most members have few of.
template <class T, std::size_t inline_max>
using SmallVector = boost::container::small_vector<T, inline_max>;

}  // namespace fealty
