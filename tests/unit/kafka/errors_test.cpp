#include "errors.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace fealty::kafka {
namespace {

/// Every code that this librdkafka knows, by its name.
template <class Visit>
void each_code(Visit&& visit) {
  const struct rd_kafka_err_desc* all = nullptr;
  std::size_t count = 0;
  rd_kafka_get_err_descs(&all, &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (all[i].name != nullptr) visit(all[i].code, std::string_view{all[i].name});
  }
}

bool means_a_refusal(std::string_view name) {
  for (const std::string_view part :
       {"AUTHORIZATION_FAILED", "AUTHENTICATION", "DELEGATION_TOKEN", "SASL", "SECURITY", "POLICY",
        "PRINCIPAL", "CREDENTIAL", "UNSUPPORTED_VERSION", "_SSL"}) {
    if (name.find(part) != std::string_view::npos) return true;
  }
  return false;
}

TEST(BrokerErrors, EveryCodeThatMeansARefusalIsOneAndNoneIsWaitedFor) {
  int found = 0;
  each_code([&](rd_kafka_resp_err_t code, std::string_view name) {
    if (!means_a_refusal(name)) return;
    ++found;
    EXPECT_TRUE(refusal(code)) << name;
    EXPECT_EQ(broker_errc(code), Errc::broker_refused) << name;
  });
  EXPECT_GE(found, 15);
}

TEST(BrokerErrors, NoRefusalIsAnythingElse) {
  each_code([&](rd_kafka_resp_err_t code, std::string_view name) {
    if (!refusal(code)) return;
    EXPECT_EQ(broker_errc(code), Errc::broker_refused) << name;
  });
}

TEST(BrokerErrors, WhatPassesByItselfIsNoRefusal) {
  each_code([&](rd_kafka_resp_err_t code, std::string_view name) {
    const bool passes = name.find("NOT_AVAILABLE") != std::string_view::npos ||
                        name.find("TIMED_OUT") != std::string_view::npos ||
                        name.find("NOT_ENOUGH_REPLICAS") != std::string_view::npos;
    if (!passes) return;
    EXPECT_EQ(broker_errc(code), Errc::broker_unreachable) << name;
  });
}

TEST(BrokerErrors, WhoeverTookTheWorkersPlaceFencesIt) {
  for (const auto code : {RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
                          RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID}) {
    EXPECT_EQ(broker_errc(code), Errc::fenced) << rd_kafka_err2name(code);
  }
}

}  // namespace
}  // namespace fealty::kafka
