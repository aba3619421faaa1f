#include "teardown.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "fealty/kafka/bus.hpp"

namespace fealty::kafka {
namespace {

using namespace std::chrono_literals;

TEST(RunWithin, WaitsForWhatEnds) {
  bool ran = false;
  EXPECT_TRUE(run_within(10s, "client", [&] { ran = true; }));
  EXPECT_TRUE(ran);
  EXPECT_FALSE(left_behind());
}

TEST(RunWithin, WhatNeverEndsIsLeftBehindWithAllThatItHolds) {
  const auto held = std::make_shared<std::promise<void>>();
  std::promise<void> ended;
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FALSE(run_within(20ms, "client", [held, &ended] {
    held->get_future().wait();
    ended.set_value();
  }));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  EXPECT_TRUE(left_behind());
  EXPECT_EQ(held.use_count(), 2);
  held->set_value();  // This process goes on, others end here.
  ended.get_future().wait();
}

}  // namespace
}  // namespace fealty::kafka
