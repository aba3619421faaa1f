#pragma once

#include <span>
#include <string>

#include "client.hpp"

namespace fealty::kafka {

/// Asks for the settings of all these topics in one question. nullptr where nobody answered in
/// time.
EventHandle describe_topics(const Client& client, std::span<const std::string> topics,
                            Deadline deadline);

}  // namespace fealty::kafka
