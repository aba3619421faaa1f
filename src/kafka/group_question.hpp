#pragma once

#include <string>

#include "client.hpp"

namespace fealty::kafka {

/// Asks who is in a group, and has what. nullptr where nobody answered in time.
EventHandle describe_group(const Client& client, const std::string& group, Deadline deadline);

}  // namespace fealty::kafka
