#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <fstream>
#include <sstream>

#include "fealty/base/check.hpp"
#include "fealty/config/yaml.hpp"

namespace fealty::config {
namespace {

Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1, {}};
}

/// Builds the tree from the parser's events: yaml-cpp's own tree drops repeated keys silently.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(Faults& faults) : faults_{faults} {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    open(mark, anchor, Node::Kind::null);
    close();
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    faults_.add(place_of(mark), "", "aliases are not supported, write the value out");
    open(mark, 0, Node::Kind::null);
    close();
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool quoted = tag == "!";
    const bool null = !quoted && (value.empty() || value == "~" || value == "null");
    Open& scope = open(mark, anchor, null ? Node::Kind::null : Node::Kind::scalar);
    scope.node.text = value;
    scope.node.quoted = quoted;
    close();
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, Node::Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, Node::Kind::map);
  }
  void OnMapEnd() override { close(); }

  Node take() { return std::move(root_); }

 private:
  struct Open {
    Node node;
    bool has_key = false;  // map: the key was read, its value comes next
    std::string key;
    Place key_place;
  };

  Open& open(const YAML::Mark& mark, YAML::anchor_t anchor, Node::Kind kind) {
    if (anchor != 0) faults_.add(place_of(mark), "", "anchors are not supported");
    Open scope;
    scope.node.kind = kind;
    scope.node.place = place_of(mark);
    stack_.push_back(std::move(scope));
    return stack_.back();
  }
  void close() {
    check(!stack_.empty(), "the parser ends only what it began");
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = stack_.back();
    if (parent.node.kind == Node::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.has_key) {
      take_key(parent, node);
    } else {
      take_value(parent, std::move(node));
    }
  }
  void take_key(Open& parent, const Node& node) {
    if (node.kind != Node::Kind::scalar) {
      faults_.add(node.place, "", "a key must be plain text");
    }
    parent.key = node.text;
    parent.key_place = node.place;
    parent.has_key = true;
  }
  void take_value(Open& parent, Node node) {
    parent.has_key = false;
    for (const Node::Member& member : parent.node.members) {
      if (member.key != parent.key) continue;
      faults_.add(parent.key_place, parent.key,
                  "duplicate key, first at line " + std::to_string(member.place.line));
      return;
    }
    if (node.place.line == 0) node.place = parent.key_place;
    parent.node.members.push_back({parent.key, parent.key_place, std::move(node)});
  }

  Faults& faults_;
  std::vector<Open> stack_;
  Node root_;
};

}  // namespace

std::optional<Node> parse_yaml(std::string_view text, Faults& faults) {
  Builder builder{faults};
  try {
    std::istringstream in{std::string{text}};
    YAML::Parser parser{in};
    parser.HandleNextDocument(builder);
    Node root = builder.take();
    if (parser) {
      Builder rest{faults};
      if (parser.HandleNextDocument(rest)) {
        faults.add(rest.take().place, "", "one file holds one document");
      }
    }
    if (root.kind == Node::Kind::null) {
      root.kind = Node::Kind::map;
      root.place = {1, 1, {}};
    }
    return root;
  } catch (const YAML::Exception& error) {
    faults.add(place_of(error.mark), "", "syntax error: " + error.msg);
  } catch (const std::exception& error) {
    faults.add({}, "", std::string{"syntax error: "} + error.what());
  }
  return std::nullopt;
}

std::optional<Node> read_yaml(const std::string& file, Faults& faults) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    // An empty file makes << fail as well, and is no fault.
    if (in.is_open() && in.peek() == std::ifstream::traits_type::eof() && !in.bad()) {
      in.clear();
      in.seekg(0, std::ios::end);
      if (in && in.tellg() == 0) return parse_yaml("", faults);
    }
    faults.add({}, "", "cannot be read");
    return std::nullopt;
  }
  return parse_yaml(text.str(), faults);
}

}  // namespace fealty::config
