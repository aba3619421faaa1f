#include <algorithm>

#include "fealty/config/yaml.hpp"

namespace fealty::config {

std::optional<Value> Map::get(std::string_view key) {
  asked_.emplace_back(key);
  const Node* node = value_.node().find(key);
  if (node == nullptr || node->kind == Node::Kind::null) return std::nullopt;
  const std::string& path = value_.path();
  return Value{*node, path.empty() ? std::string{key} : path + "." + std::string{key},
               *value_.faults_};
}

std::optional<Value> Map::require(std::string_view key) {
  auto value = get(key);
  if (!value) value_.fault("missing key '" + std::string{key} + "'");
  return value;
}

std::vector<std::string> Map::keys() {
  std::vector<std::string> out;
  for (const Node::Member& member : value_.node().members) {
    out.push_back(member.key);
    asked_.push_back(member.key);
  }
  return out;
}

std::optional<std::string> Map::text(std::string_view key) {
  const auto value = get(key);
  return value ? value->text() : std::nullopt;
}

std::optional<bool> Map::boolean(std::string_view key) {
  const auto value = get(key);
  return value ? value->boolean() : std::nullopt;
}

std::optional<std::int64_t> Map::integer(std::string_view key, std::int64_t min, std::int64_t max) {
  const auto value = get(key);
  return value ? value->integer(min, max) : std::nullopt;
}

std::optional<double> Map::number(std::string_view key, double min, double max) {
  const auto value = get(key);
  return value ? value->number(min, max) : std::nullopt;
}

std::optional<program::Rational> Map::rational(std::string_view key) {
  const auto value = get(key);
  return value ? value->rational() : std::nullopt;
}

std::optional<std::chrono::milliseconds> Map::duration(std::string_view key,
                                                       std::chrono::milliseconds min,
                                                       std::chrono::milliseconds max) {
  const auto value = get(key);
  return value ? value->duration(min, max) : std::nullopt;
}

std::optional<std::size_t> Map::choice(std::string_view key,
                                       std::span<const std::string_view> names) {
  const auto value = get(key);
  return value ? value->choice(names) : std::nullopt;
}

std::vector<std::string> Map::texts(std::string_view key) {
  const auto value = get(key);
  return value ? value->texts() : std::vector<std::string>{};
}

std::vector<Value> Map::list(std::string_view key) {
  const auto value = get(key);
  return value ? value->list() : std::vector<Value>{};
}

std::optional<Map> Map::map(std::string_view key) {
  const auto value = get(key);
  return value ? value->map() : std::nullopt;
}

void Map::finish() const {
  const std::vector<std::string_view> known{asked_.begin(), asked_.end()};
  for (const Node::Member& member : value_.node().members) {
    if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    const std::string& path = value_.path();
    value_.faults_->add(member.place, path.empty() ? member.key : path + "." + member.key,
                        "unknown key" + suggestion(member.key, known));
  }
}

}  // namespace fealty::config
