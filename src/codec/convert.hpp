#pragma once

#include <span>
#include <vector>

#include "fealty/codec/decoder.hpp"
#include "fealty/event/event.hpp"
#include "reader.hpp"
#include "walk.hpp"

namespace fealty::codec {

/// Scratch space of conversions, kept between them.
struct ConvertScratch {
  std::vector<event::Line> lines;
  std::vector<event::RefundLine> refund_lines;
  std::vector<OddPath> odd;  // of the record at hand
};

/// What a conversion reads.
struct ConvertInput {
  const Mapping& mapping;
  const Captured& captured;
  const RecordName& called;
  bool member_by_order = false;
};

/// Captured tokens -> event, with every bound of the vocabulary held. False after a fault.
bool convert(const ConvertInput& input, Arena& arena, ConvertScratch& scratch, Fault& fault,
             event::Event& event);

/// The data of one type, read by `rule`.
bool convert_purchase(const ConvertInput& input, const Rule& rule, Reader& reader, Arena& arena,
                      ConvertScratch& scratch, Fault& fault, event::Purchase& out);
bool convert_refund(const ConvertInput& input, const Rule& rule, Reader& reader, Arena& arena,
                    ConvertScratch& scratch, Fault& fault, event::Refund& out);

}  // namespace fealty::codec
