#pragma once

#include <librdkafka/rdkafka.h>

#include <string_view>

#include "fealty/base/result.hpp"

namespace fealty::kafka {

/// librdkafka's codes as ours: the one place that says what each of them means to a worker.

/// The brokers answered, and will not think otherwise before somebody changes rights, credentials
/// or settings: asking again is of no use. Wherever it comes from, it is broker_refused.
bool refusal(rd_kafka_resp_err_t code);

/// broker_unreachable: nobody answered, or whoever did cannot just now. fenced: another took this
/// worker's place. invalid_config: librdkafka itself refuses. broker_refused: all else.
Errc broker_errc(rd_kafka_resp_err_t code);

/// With `what` was tried in front of the reason.
Error broker_error(rd_kafka_resp_err_t code, std::string_view what);

}  // namespace fealty::kafka
