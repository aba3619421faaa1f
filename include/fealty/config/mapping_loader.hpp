#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/codec/mapping.hpp"

/// Mapping files (YAML) to a compiled Mapping. The keys are described in config/mappings/README.md.
namespace fealty::config {

/// A mapping by file, or by the name of a preset (no slash, no ending): "segment". Errors:
/// invalid_config with field "mapping"; detail holds every fault, one a line, as
/// "file:line:col: key: problem, did you mean 'x'?".
Result<codec::Mapping> load_mapping(const std::string& file_or_preset);
/// A preset by name. "cloudevents" is compiled in and needs no file; the others are looked for as
/// mappings/NAME.yaml in $FEALTY_CONFIG_DIR, in ../share/fealty/config beside the executable, and
/// in the source tree that the binary was built from.
Result<codec::Mapping> builtin_mapping(std::string_view name);
/// The presets there are.
std::span<const std::string_view> preset_names();
/// The same from text; `file` is the name that faults carry.
Result<codec::Mapping> parse_mapping(std::string_view text, const std::string& file);

/// The directories that presets are looked for in, in order.
std::vector<std::string> config_directories();

}  // namespace fealty::config
