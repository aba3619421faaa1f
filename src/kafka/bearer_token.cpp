#include <fmt/format.h>
#include <rapidjson/document.h>

#include <array>
#include <chrono>
#include <fstream>
#include <optional>

#include "fealty/log/log.hpp"
#include "security.hpp"

namespace fealty::kafka {

namespace {

std::optional<unsigned> sextet(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26U;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52U;
  if (c == '-') return 62U;
  if (c == '_') return 63U;
  return std::nullopt;
}

/// RFC 4648, section 5, without padding: as a JWT's parts are written.
std::optional<std::string> from_base64url(std::string_view text) {
  std::string out;
  unsigned bits = 0;
  int held = 0;
  for (const char c : text) {
    const auto next = sextet(c);
    if (!next) return std::nullopt;
    bits = (bits << 6U | *next) & 0xffffU;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> static_cast<unsigned>(held) & 0xffU);
  }
  return out;
}

/// The claims "sub" and "exp" of a JWT (RFC 7519), as far as it is one and has them.
void read_claims(Token& token) {
  const std::string_view text = token.text;
  const auto first = text.find('.');
  const auto second = text.find('.', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return;
  const auto claims = from_base64url(text.substr(first + 1, second - first - 1));
  if (!claims) return;
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag>(claims->data(), claims->size());
  if (json.HasParseError() || !json.IsObject()) return;
  if (const auto sub = json.FindMember("sub"); sub != json.MemberEnd() && sub->value.IsString()) {
    token.principal = sub->value.GetString();
  }
  constexpr double latest_s = 1e11;
  const auto exp = json.FindMember("exp");
  if (exp == json.MemberEnd() || !exp->value.IsNumber()) return;
  const double at_s = exp->value.GetDouble();
  if (at_s >= 0 && at_s < latest_s) token.ends_ms = static_cast<std::int64_t>(at_s * 1000);
}

}  // namespace

Result<Token> read_token(const std::string& file, std::int64_t now_ms) {
  constexpr std::string_view field = "kafka.security.token_file";
  Token token;
  std::ifstream in{file};
  if (!in || !std::getline(in, token.text)) {
    return Error{Errc::invalid_config, field, "cannot read a token from " + file};
  }
  while (token.text.ends_with('\r') || token.text.ends_with(' ')) token.text.pop_back();
  if (token.text.empty()) {
    return Error{Errc::invalid_config, field, "the first line of " + file + " is empty"};
  }
  token.ends_ms = now_ms + token_opaque_for.count();
  read_claims(token);
  if (token.ends_ms <= now_ms) {
    return Error{Errc::invalid_config, field,
                 fmt::format("the token in {} ended {} s ago: whoever writes it must renew it",
                             file, (now_ms - token.ends_ms) / 1000)};
  }
  return token;
}

std::int64_t unix_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool give_token(rd_kafka_t* rk, const std::string& file) {
  const std::int64_t now_ms = unix_now_ms();
  const auto token = read_token(file, now_ms);
  if (!token) {
    rd_kafka_oauthbearer_set_token_failure(rk, token.error().detail.c_str());
    return false;
  }
  std::array<char, 512> reason{};
  const auto code = rd_kafka_oauthbearer_set_token(rk, token->text.c_str(), token->ends_ms,
                                                   token->principal.c_str(), nullptr, 0,
                                                   reason.data(), reason.size());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_oauthbearer_set_token_failure(
        rk, fmt::format("the token in {} cannot be used: {}", file, reason.data()).c_str());
    return false;
  }
  log::info("kafka.token", {{"client", rd_kafka_name(rk)},
                            {"principal", token->principal},
                            {"ends_in_s", (token->ends_ms - now_ms) / 1000}});
  return true;
}

}  // namespace fealty::kafka
