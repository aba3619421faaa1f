#pragma once

#include <string>
#include <string_view>

namespace fealty::kafka {

/// Why Fealty does not let the property be set so, and what to set instead. Empty where it does.
std::string reserved_property(std::string_view name, std::string_view value);

}  // namespace fealty::kafka
