#pragma once

#include <string_view>

#include "fealty/base/result.hpp"
#include "fealty/base/time.hpp"
#include "fealty/codec/time_format.hpp"

namespace fealty::codec {

/// A time as a mapping says that it is written. wrong_type where it is not; out_of_range of one
/// that is no event's (event_time_ms_min and _end).
Result<EventTime> read_time(std::string_view text, const TimeReading& reading);

/// "1997-01-31", or without dashes.
Result<Day> read_day(std::string_view text, bool dashes);

}  // namespace fealty::codec
