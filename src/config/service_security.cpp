#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "service_sections.hpp"

namespace fealty::config {
namespace {

constexpr std::array<std::string_view, 4> protocols{"plaintext", "ssl", "sasl_plaintext",
                                                    "sasl_ssl"};
constexpr std::array<std::string_view, 5> mechanisms{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512",
                                                     "OAUTHBEARER", "GSSAPI"};

bool from_outside(const Value& value) { return !value.node().place.origin.empty(); }

std::string beside(const std::string& file, const std::string& name) {
  const std::filesystem::path path{name};
  if (path.is_absolute()) return path.string();
  return (std::filesystem::path{file}.parent_path() / path).lexically_normal().string();
}

void take_text(Map& map, std::string_view key, std::string& into) {
  if (auto text = map.text(key)) into = std::move(*text);
}

void read_password(Map& security, const std::string& file, SecurityConfig& out) {
  if (const auto direct = security.get("password")) {
    if (direct->node().place.origin.starts_with("FEALTY_")) {
      out.password = Secret{direct->node().text};
    } else {
      direct->fault("a password must not stand here; use password_file, or the environment");
    }
  }
  std::string path;
  take_path(security, "password_file", file, path);
  if (path.empty()) return;
  std::ifstream in{path};
  std::string text;
  if (!in || !std::getline(in, text) || text.empty()) {
    security.fault("password_file: cannot read a first line from '" + path + "'");
    return;
  }
  if (text.ends_with('\r')) text.pop_back();
  out.password = Secret{std::move(text)};
}

/// What the mechanism needs, and what it would not look at.
void check_sasl(const Map& security, const SecurityConfig& out) {
  const bool oauth = out.mechanism == "OAUTHBEARER", kerberos = out.mechanism == "GSSAPI";
  if (!oauth && !kerberos && out.username.empty()) security.fault("sasl needs a username");
  if (!oauth && !kerberos && out.password.empty()) security.fault("sasl needs a password_file");
  if ((oauth || kerberos) && !(out.username.empty() && out.password.empty())) {
    security.fault(out.mechanism + " takes no username and no password");
  }
  if (!oauth && !out.token_file.empty()) security.fault("token_file: only OAUTHBEARER takes one");
  if (!kerberos && !(out.kerberos_principal.empty() && out.kerberos_keytab.empty())) {
    security.fault("kerberos_principal, kerberos_keytab: only GSSAPI takes them");
  }
  if (kerberos && out.kerberos_principal.empty()) {
    security.fault("GSSAPI needs a kerberos_principal, such as fealty@EXAMPLE.ORG");
  }
}

/// The text of a property, from where it may come from; nullopt after a fault.
std::optional<std::string> property_text(const Value& value, const std::string& file, bool secret) {
  if (value.node().kind == Node::Kind::map) {
    if (value.node().find("file") == nullptr) {
      value.fault("expected a value, or {file: PATH}; a property's name is one key, dots and all");
      return std::nullopt;
    }
    auto map = value.map();
    const auto name = map->require("file");
    map->finish();
    const auto path = name ? name->text() : std::nullopt;
    if (!path) return std::nullopt;
    std::ifstream in{beside(file, *path)};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    if (text.empty()) {
      value.fault("cannot read anything from '" + beside(file, *path) + "'");
      return std::nullopt;
    }
    return text;
  }
  if (secret && !value.node().place.origin.starts_with("FEALTY_")) {
    value.fault("a secret must not stand here; write {file: PATH}, or use the environment");
    return std::nullopt;
  }
  return value.text();
}

}  // namespace

std::string_view name(Protocol protocol) { return protocols[static_cast<std::size_t>(protocol)]; }

void take_path(Map& map, std::string_view key, const std::string& file, std::string& into) {
  const auto value = map.get(key);
  if (!value) return;
  const auto text = value->text();
  if (!text) return;
  into = from_outside(*value) ? *text : beside(file, *text);
}

void read_security(Map& security, const std::string& file, SecurityConfig& out) {
  if (const auto index = security.choice("protocol", protocols)) {
    out.protocol = static_cast<Protocol>(*index);
  }
  if (const auto index = security.choice("mechanism", mechanisms)) {
    out.mechanism = mechanisms[*index];
  }
  take_text(security, "username", out.username);
  read_password(security, file, out);
  take_path(security, "ca_file", file, out.ca_file);
  take_path(security, "certificate_file", file, out.certificate_file);
  take_path(security, "key_file", file, out.key_file);
  take_path(security, "token_file", file, out.token_file);
  take_text(security, "kerberos_principal", out.kerberos_principal);
  take_path(security, "kerberos_keytab", file, out.kerberos_keytab);
  take_text(security, "kerberos_service", out.kerberos_service);
  if (out.protocol == Protocol::sasl_plaintext || out.protocol == Protocol::sasl_ssl) {
    check_sasl(security, out);
  }
  if (out.certificate_file.empty() != out.key_file.empty()) {
    security.fault("certificate_file and key_file belong together");
  }
  security.finish();
}

void read_properties(Map& properties, const std::string& file, const PropertyRules& rules,
                     std::vector<Property>& out) {
  for (const std::string& name : properties.keys()) {
    const auto value = properties.get(name);
    if (!value) {
      properties.fault(name + ": has no value");
      continue;
    }
    const bool secret = rules.secret && rules.secret(name);
    // What is refused by name is so whatever its value, which may be a secret out of place.
    auto text = property_text(*value, file, secret && rules.fault(name, "").empty());
    if (!text) continue;
    if (const auto why = rules.fault ? rules.fault(name, *text) : std::string{}; !why.empty()) {
      value->fault(why);
      continue;
    }
    out.push_back({name, Secret{std::move(*text)}});
  }
}

void lay_over(Node& document, const Override& from) {
  constexpr std::string_view open = "kafka.properties.";
  constexpr std::size_t any = static_cast<std::size_t>(-1);
  set_at(document, from.path, from.text, from.origin, from.path.starts_with(open) ? 3 : any);
}

}  // namespace fealty::config
