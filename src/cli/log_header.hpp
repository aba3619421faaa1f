#pragma once

#include <string>
#include <vector>

#include "fealty/codec/mapping.hpp"

namespace fealty::cli {

/// The mapping made ready for these logs: a delimited log's columns in the order that the first log's
/// header line gives them (standard input: in the mapping's own order), and `currency` for records that
/// state none where the mapping has no default of its own.
/// Errors: malformed_delimited, input_unreadable, input_corrupt.
Result<codec::Mapping> fit_mapping(codec::Mapping mapping, const std::vector<std::string>& logs,
                                   Currency currency);

}  // namespace fealty::cli
