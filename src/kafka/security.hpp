#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "client.hpp"

/// How a client shows who it is.
namespace fealty::kafka {

/// Faults of the settings, and of a library that was built without what they ask for (`features` as
/// library_features() gives them). Errors: invalid_config with all of them.
Result<void> validate_security(const KafkaOptions& options, std::string_view features);

/// security.protocol, and what of TLS and SASL goes with it. Reads the password's file. Errors:
/// invalid_config.
Result<Properties> security_properties(const KafkaOptions& options);

/// A bearer token and how long brokers take it.
struct Token {
  std::string text;
  std::string principal;     // the claim "sub"; empty where it has none
  std::int64_t ends_ms = 0;  // Unix time: the claim "exp"
};
/// The first line of `file`. A token that is no JWT, or has no "exp", is read again after
/// token_opaque_for. Errors: invalid_config: unreadable, empty, or ended before `now_ms`; its text
/// holds nothing of the token.
Result<Token> read_token(const std::string& file, std::int64_t now_ms);
inline constexpr std::chrono::milliseconds token_opaque_for{60'000};
std::int64_t unix_now_ms();

/// Gives the client the token that the file holds now, or the reason why there is none; librdkafka
/// then asks again after ten seconds. True where it has one.
bool give_token(rd_kafka_t* rk, const std::string& file);

}  // namespace fealty::kafka
