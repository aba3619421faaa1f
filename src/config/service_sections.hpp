#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fealty/config/service.hpp"
#include "fealty/config/yaml.hpp"

/// Parts of the service file that are read in sources of their own.
namespace fealty::config {

/// A path as a reader of the file means it: relative to the file, unless it came from outside.
void take_path(Map& map, std::string_view key, const std::string& file, std::string& into);
void read_security(Map& security, const std::string& file, SecurityConfig& out);
void read_properties(Map& properties, const std::string& file, const PropertyRules& rules,
                     std::vector<Property>& out);
/// One override over the document. Below kafka.properties the rest of its path is one key.
void lay_over(Node& document, const Override& from);

}  // namespace fealty::config
