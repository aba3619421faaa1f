#pragma once

#include <string_view>

namespace fealty::event {

/// A record header: CloudEvents binary mode reads ce_id, ce_source, ce_type, ce_time, ce_subject.
struct Header {
  std::string_view name, value;
};

}  // namespace fealty::event
