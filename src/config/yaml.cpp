#include "fealty/config/yaml.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>

#include "fealty/base/decimal.hpp"
#include "fealty/base/printable.hpp"

namespace fealty::config {

void Faults::add(const Place& place, std::string_view key, std::string_view problem) {
  std::string text = place.origin.empty() ? file_ : place.origin;
  if (place.line > 0) {
    text.append(":").append(std::to_string(place.line));
    text.append(":").append(std::to_string(place.column));
  }
  text.append(": ");
  if (!key.empty()) text.append(key).append(": ");
  text.append(problem);
  faults_.push_back({place.line, place.column, printable(text)});
}

std::vector<std::string> Faults::lines() const {
  std::vector<Fault> sorted = faults_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Fault& a, const Fault& b) {
    return std::pair{a.line, a.column} < std::pair{b.line, b.column};
  });
  std::vector<std::string> out;
  for (Fault& fault : sorted) out.push_back(std::move(fault.text));
  return out;
}

Error Faults::error(std::string_view field) const {
  std::string detail;
  for (const std::string& line : lines()) {
    if (!detail.empty()) detail += '\n';
    detail += line;
  }
  return Error{Errc::invalid_config, field, std::move(detail)};
}

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

void set_at(Node& root, std::string_view path, std::string_view text, std::string_view origin,
            std::size_t keys_max) {
  const Place place{0, 0, std::string{origin}};
  Node* node = &root;
  while (true) {
    if (node->kind != Node::Kind::map) {
      *node = Node{};
      node->kind = Node::Kind::map;
      node->place = place;
    }
    const auto dot = --keys_max == 0 ? std::string_view::npos : path.find('.');
    const std::string_view key = path.substr(0, dot);
    auto at = std::find_if(node->members.begin(), node->members.end(),
                           [&](const Node::Member& member) { return member.key == key; });
    if (at == node->members.end()) {
      at = node->members.insert(at, {std::string{key}, place, Node{}});
    }
    node = &at->value;
    if (dot == std::string_view::npos) {
      at->place = place;
      break;
    }
    path.remove_prefix(dot + 1);
  }
  *node = Node{};
  node->kind = Node::Kind::scalar;
  node->place = place;
  node->text = text;
}

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

/// JSON number text only, so that YAML's many ways to write a number do not matter.
bool is_number(std::string_view text) {
  const auto parsed = parse_decimal(text, 0, 0);
  return parsed || parsed.error().code != Errc::wrong_type;
}

/// The widest whole number read; parse_decimal wants a spare digit.
constexpr std::int64_t whole_max = 900'000'000'000'000'000;

std::string range_text(std::string_view min, std::string_view max) {
  return std::string{"out of range, "}.append(min).append(" to ").append(max);
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > 64) return {};
  std::size_t best = 1 + word.size() / 4;
  std::string_view found;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best || (distance == best && found.empty())) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view found = nearest(word, candidates);
  return found.empty() ? std::string{} : ", did you mean '" + std::string{found} + "'?";
}

void Value::fault(std::string_view problem) const { faults_->add(node_->place, path_, problem); }

std::optional<std::string> Value::text() const {
  if (node_->kind != Node::Kind::scalar) {
    fault("must be text");
    return std::nullopt;
  }
  if (node_->text.empty()) {
    fault("must not be empty");
    return std::nullopt;
  }
  return node_->text;
}

std::optional<bool> Value::boolean() const {
  if (node_->kind == Node::Kind::scalar && !node_->quoted) {
    if (node_->text == "true") return true;
    if (node_->text == "false") return false;
  }
  fault("must be true or false");
  return std::nullopt;
}

std::optional<std::int64_t> Value::integer(std::int64_t min, std::int64_t max) const {
  const auto parsed = node_->kind == Node::Kind::scalar && !node_->quoted
                          ? parse_decimal(node_->text, 0, whole_max)
                          : Result<std::int64_t>{Error{Errc::wrong_type}};
  if (parsed && *parsed >= min && *parsed <= max) return *parsed;
  if (parsed || parsed.error().code == Errc::out_of_range) {
    fault(range_text(std::to_string(min), std::to_string(max)));
  } else {
    fault("must be a whole number");
  }
  return std::nullopt;
}

std::optional<double> Value::number(double min, double max) const {
  if (node_->kind != Node::Kind::scalar || node_->quoted || !is_number(node_->text)) {
    fault("must be a number");
    return std::nullopt;
  }
  double value = 0;
  const std::string& digits = node_->text;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failed != std::errc{}) value = std::numeric_limits<double>::quiet_NaN();
  if (value >= min && value <= max) return value;
  const auto shown = [](double v) {
    std::string text = std::to_string(v);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
  };
  fault(range_text(shown(min), shown(max)));
  return std::nullopt;
}

std::optional<program::Rational> Value::rational() const {
  if (node_->kind != Node::Kind::scalar || node_->quoted) {
    fault("must be a number such as 2, 1.25 or 3/4");
    return std::nullopt;
  }
  constexpr int scale = 9;
  constexpr std::int64_t one = 1'000'000'000;
  constexpr std::int64_t decimal_max = rational_max * one;
  const std::string_view text = node_->text;
  const auto slash = text.find('/');
  const bool fraction = slash != std::string_view::npos;
  const auto num = parse_decimal(text.substr(0, slash), fraction ? 0 : scale, decimal_max);
  auto den =
      fraction ? parse_decimal(text.substr(slash + 1), 0, rational_max) : Result<std::int64_t>{one};
  if (!num || !den) {
    const Errc code = num ? den.error().code : num.error().code;
    fault(code == Errc::wrong_type || (fraction && code == Errc::too_many_decimals)
              ? "must be a number such as 2, 1.25 or 3/4"
          : code == Errc::too_many_decimals ? "at most 9 decimals"
                                            : "out of range, at most 900000000");
    return std::nullopt;
  }
  if (*den <= 0) {
    fault(*den == 0 ? "division by zero" : "the denominator must be positive");
    return std::nullopt;
  }
  const std::int64_t divisor = std::gcd(*num, *den);
  const program::Rational value{*num / divisor, *den / divisor};
  if (value.num > rational_max || value.num < -rational_max) {
    fault("too many digits, numerator and denominator must be at most 900000000");
    return std::nullopt;
  }
  return value;
}

std::optional<std::chrono::milliseconds> Value::duration(std::chrono::milliseconds min,
                                                         std::chrono::milliseconds max) const {
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  constexpr Unit units[] = {{"ms", 1},        {"s", 1'000},      {"m", 60'000},
                            {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}};
  const std::string_view text = node_->text;
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = node_->kind == Node::Kind::scalar
                         ? parse_decimal(text.substr(0, digits), 0, 1'000'000'000'000)
                         : Result<std::int64_t>{Error{Errc::wrong_type}};
  const Unit* unit = std::find_if(std::begin(units), std::end(units),
                                  [&](const Unit& u) { return u.name == text.substr(digits); });
  const bool zero = count && *count == 0 && digits == text.size();
  if (!count || (unit == std::end(units) && !zero)) {
    fault("must be a duration such as 30d, 5m or 100ms");
    return std::nullopt;
  }
  std::int64_t ms = 0;
  if (!zero && __builtin_mul_overflow(*count, unit->ms, &ms)) ms = INT64_MAX;
  if (ms >= min.count() && ms <= max.count()) return std::chrono::milliseconds{ms};
  fault(range_text(std::to_string(min.count()) + "ms", std::to_string(max.count()) + "ms"));
  return std::nullopt;
}

std::optional<std::size_t> Value::choice(std::span<const std::string_view> names) const {
  const auto word = text();
  if (!word) return std::nullopt;
  const auto at = std::find(names.begin(), names.end(), *word);
  if (at != names.end()) return static_cast<std::size_t>(at - names.begin());
  std::string problem = "unknown value '" + *word + "'" + suggestion(*word, names);
  if (nearest(*word, names).empty()) {
    problem += ", one of";
    for (const std::string_view name : names) problem.append(" ").append(name);
  }
  fault(problem);
  return std::nullopt;
}

std::vector<Value> Value::list() const {
  std::vector<Value> out;
  if (node_->kind != Node::Kind::list) {
    fault("must be a list");
    return out;
  }
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    out.emplace_back(node_->items[i], path_ + "[" + std::to_string(i) + "]", *faults_);
  }
  return out;
}

std::vector<std::string> Value::texts() const {
  std::vector<std::string> out;
  if (node_->kind == Node::Kind::scalar) {
    if (auto one = text()) out.push_back(std::move(*one));
    return out;
  }
  for (const Value& item : list()) {
    if (auto one = item.text()) out.push_back(std::move(*one));
  }
  return out;
}

std::optional<Map> Value::map() const {
  if (node_->kind == Node::Kind::map) return Map{*this};
  fault("must be a map of keys");
  return std::nullopt;
}

}  // namespace fealty::config
