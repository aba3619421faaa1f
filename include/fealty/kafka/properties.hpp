#pragma once

#include <string>
#include <string_view>

#include "fealty/base/result.hpp"
#include "fealty/kafka/options.hpp"

/// librdkafka's properties as users may set them (`kafka.properties`), and those they may not.
/// Threads: any. Errors: as text, for whoever knows the place.
namespace fealty::kafka {

/// Why the property must not be set so, with what to set instead: it would break a promise, or
/// Fealty has a setting of its own, or librdkafka refuses it (then in its words). Empty where it
/// may be set. Never holds the value of a secret.
std::string property_fault(std::string_view name, std::string_view value);

/// True for a property whose value must not lie in a configuration file or on a command line.
bool secret_property(std::string_view name);

/// Makes each kind of client and lets it go again, connected to nothing: what librdkafka only finds
/// with all properties together, and in the files that they name. Not with Kerberos, whose client
/// would ask for a ticket. Errors: invalid_config.
Result<void> try_clients(const KafkaOptions& options);

/// What librdkafka was built with, "gzip,ssl,sasl_gssapi,...".
std::string library_features();
bool library_has(std::string_view feature);

}  // namespace fealty::kafka
