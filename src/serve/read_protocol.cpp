#include "fealty/serve/read_protocol.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include "fealty/event/event.hpp"

namespace fealty::serve {
namespace {

using ports::ReadFailure;
using ports::ReadRequest;
using Json = rapidjson::Value;

constexpr std::array<std::string_view, 5> failures{"unknown_member", "elsewhere", "busy",
                                                   "stopping", "failed"};
constexpr std::string_view bad_request = "bad_request";

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(Writer& out, std::string_view text) {
  out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

std::string line_of(const rapidjson::StringBuffer& text) {
  return std::string{text.GetString(), text.GetSize()} + '\n';
}

std::string_view text_of(const Json& value) { return {value.GetString(), value.GetStringLength()}; }

Error wrong(std::string detail) { return {Errc::usage, "request", std::move(detail)}; }

Result<void> only(const Json& object, std::initializer_list<std::string_view> names) {
  for (const auto& [name, value] : object.GetObject()) {
    const auto same = [&](std::string_view known) { return known == text_of(name); };
    if (std::any_of(names.begin(), names.end(), same)) continue;
    return wrong(fmt::format("unknown field '{}'", text_of(name)));
  }
  return {};
}

/// Leaves `into` where there is none.
template <class Number>
Result<void> take(const Json& object, const char* name, std::uint64_t least, std::uint64_t most,
                  Number& into) {
  const auto at = object.FindMember(name);
  if (at == object.MemberEnd()) return {};
  if (!at->value.IsUint64() || at->value.GetUint64() < least || at->value.GetUint64() > most) {
    return wrong(fmt::format("'{}' must be a whole number from {} to {}", name, least, most));
  }
  into = static_cast<Number>(at->value.GetUint64());
  return {};
}

Result<void> take_at_least(const Json& object, ReadRequest& into) {
  const auto at = object.FindMember("at_least");
  if (at == object.MemberEnd()) return {};
  if (!at->value.IsObject() || !at->value.HasMember("partition") ||
      !at->value.HasMember("position")) {
    return wrong("'at_least' must be an object with partition and position");
  }
  if (auto known = only(at->value, {"partition", "position"}); !known) return known;
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  ports::InputPosition& place = into.at_least.emplace();
  if (auto taken = take(at->value, "partition", 0, std::numeric_limits<std::int32_t>::max(),
                        place.partition);
      !taken) {
    return taken;
  }
  return take(at->value, "position", 0, most, place.position);
}

Result<void> take_what(const Json& object, ReadRequest& into) {
  const auto what = object.FindMember("read");
  if (what == object.MemberEnd() || !what->value.IsString() ||
      (text_of(what->value) != "member" && text_of(what->value) != "ledger")) {
    return wrong(R"('read' must be "member" or "ledger")");
  }
  into.what =
      text_of(what->value) == "member" ? ReadRequest::What::member : ReadRequest::What::ledger;
  const auto id = object.FindMember("id");
  if (id == object.MemberEnd() || !id->value.IsString() || id->value.GetStringLength() == 0 ||
      id->value.GetStringLength() > event::id_bytes_max) {
    return wrong(
        fmt::format("'id' must be a member's id, text of 1 to {} bytes", event::id_bytes_max));
  }
  into.member = text_of(id->value);
  return {};
}

}  // namespace

std::string encode_request(const TimedRequest& timed) {
  const ReadRequest& request = timed.request;
  rapidjson::StringBuffer text;
  Writer out{text};
  out.StartObject();
  out.Key("read");
  put(out, request.what == ReadRequest::What::member ? "member" : "ledger");
  out.Key("id");
  put(out, request.member);
  if (request.what == ReadRequest::What::ledger) {
    out.Key("from_seq");
    out.Uint64(request.from_seq);
    out.Key("limit");
    out.Uint64(request.limit);
  }
  out.Key("stale");
  out.Bool(request.stale);
  out.Key("timeout_ms");
  out.Int64(timed.timeout.count());
  if (request.at_least) {
    out.Key("at_least");
    out.StartObject();
    out.Key("partition");
    out.Uint(request.at_least->partition);
    out.Key("position");
    out.Uint64(request.at_least->position);
    out.EndObject();
  }
  out.EndObject();
  return line_of(text);
}

Result<TimedRequest> decode_request(std::string_view line) {
  rapidjson::Document json;
  constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  json.Parse<flags>(line.data(), line.size());
  if (json.HasParseError() || !json.IsObject()) {
    return wrong(R"(expected a line with a JSON object, such as {"read":"member","id":"anna"})");
  }
  TimedRequest out;
  ReadRequest& request = out.request;
  if (auto known =
          only(json, {"read", "id", "from_seq", "limit", "stale", "timeout_ms", "at_least"});
      !known) {
    return known.error();
  }
  if (auto taken = take_what(json, request); !taken) return taken.error();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  if (auto taken = take(json, "from_seq", 0, most, request.from_seq); !taken) return taken.error();
  if (auto taken = take(json, "limit", 1, ports::read_entries_max, request.limit); !taken) {
    return taken.error();
  }
  std::int64_t timeout_ms = timeout_default.count();
  if (auto taken = take(json, "timeout_ms", 1, timeout_max.count(), timeout_ms); !taken) {
    return taken.error();
  }
  out.timeout = std::chrono::milliseconds{timeout_ms};
  if (const auto stale = json.FindMember("stale"); stale != json.MemberEnd()) {
    if (!stale->value.IsBool()) return wrong("'stale' must be true or false");
    request.stale = stale->value.GetBool();
  }
  if (auto taken = take_at_least(json, request); !taken) return taken.error();
  if (request.stale && request.at_least) {
    return wrong("'stale' does not wait, so it goes without 'at_least'");
  }
  return out;
}

std::string encode_outcome(const ports::ReadOutcome& outcome, bool stale) {
  rapidjson::StringBuffer text;
  Writer out{text};
  out.StartObject();
  if (const auto* refusal = std::get_if<ports::ReadRefusal>(&outcome)) {
    out.Key("error");
    put(out, failures.at(static_cast<std::size_t>(refusal->why)));
    out.Key("message");
    put(out, refusal->detail);
    out.Key("lines");
    out.Uint(0);
    out.EndObject();
    return line_of(text);
  }
  const auto& answer = std::get<ports::ReadAnswer>(outcome);
  const bool of_member = !answer.member.empty();
  out.Key("partition");
  out.Uint(answer.as_of.partition);
  out.Key("position");
  out.Uint64(answer.as_of.position);
  out.Key("stale");
  out.Bool(stale);
  out.Key("clock");
  put(out, to_rfc3339(answer.clock));
  out.Key("next_seq");
  out.Uint64(answer.next_seq);
  out.Key("lines");
  out.Uint64(of_member ? 1 : answer.entries.size());
  out.EndObject();
  std::string lines = line_of(text);
  if (of_member) lines.append(answer.member).append("\n");
  for (const std::string& entry : answer.entries) lines.append(entry).append("\n");
  return lines;
}

std::string encode_bad_request(std::string_view message) {
  rapidjson::StringBuffer text;
  Writer out{text};
  out.StartObject();
  out.Key("error");
  put(out, bad_request);
  out.Key("message");
  put(out, message);
  out.Key("lines");
  out.Uint(0);
  out.EndObject();
  return line_of(text);
}

Result<OutcomeHead> decode_head(std::string_view line) {
  const Error broken{Errc::input_corrupt, "answer", "this is no worker's answer"};
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag>(line.data(), line.size());
  if (json.HasParseError() || !json.IsObject()) return broken;
  OutcomeHead out;
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  const auto error = json.FindMember("error");
  if (error != json.MemberEnd()) {
    const auto message = json.FindMember("message");
    if (!error->value.IsString() || message == json.MemberEnd() || !message->value.IsString()) {
      return broken;
    }
    out.refused = true;
    out.bad_request = text_of(error->value) == bad_request;
    for (std::size_t i = 0; i < failures.size(); ++i) {
      if (failures.at(i) == text_of(error->value)) out.refusal.why = static_cast<ReadFailure>(i);
    }
    out.refusal.detail = text_of(message->value);
    return out;
  }
  if (!json.HasMember("partition") || !json.HasMember("position") || !json.HasMember("lines")) {
    return broken;
  }
  ports::ReadAnswer& answer = out.answer;
  const bool well = take(json, "partition", 0, std::numeric_limits<std::int32_t>::max(),
                         answer.as_of.partition) &&
                    take(json, "position", 0, most, answer.as_of.position) &&
                    take(json, "next_seq", 0, most, answer.next_seq) &&
                    take(json, "lines", 0, ports::read_entries_max, out.lines);
  if (!well) return broken;
  return out;
}

}  // namespace fealty::serve
