#pragma once

#include <boost/container/flat_map.hpp>

namespace fealty {

/// A sorted map in one block of memory: a look-up reads a few cache lines, an insertion moves what
/// comes behind it. For maps of a few thousand entries that are asked far more often than they grow.
template <class Key, class T>
using FlatMap = boost::container::flat_map<Key, T>;

}  // namespace fealty
