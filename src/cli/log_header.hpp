#pragma once

#include <string>
#include <vector>

#include "fealty/codec/mapping.hpp"
#include "fealty/files/framing.hpp"

namespace fealty::cli {

/// Where the records of logs end that this mapping reads.
files::Framing framing_of(const codec::Mapping& mapping);

/// The mapping made ready for these logs: a delimited log's columns in the order that the first log's
/// header line gives them, and the separator that a line "sep=;" before it names (standard input: as
/// the mapping has them); `currency` for records that state none where the mapping has no default of
/// its own.
/// Errors: malformed_delimited, input_unreadable, input_corrupt.
Result<codec::Mapping> fit_mapping(codec::Mapping mapping, const std::vector<std::string>& logs,
                                   Currency currency);

}  // namespace fealty::cli
