#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "fealty/event/header.hpp"

namespace fealty::codec {

/// Whether a record is a batch of events: a JSON array by its first character, and not the data of
/// one event whose attributes are headers (CloudEvents' binary mode).
bool is_batch(std::string_view record, std::span<const event::Header> headers = {});

/// Cuts a JSON array into its elements, without judging them: each is as long as its brackets and
/// quotes say, white space around it left out, so that a bad one spoils no other. `out` gets their
/// texts, which borrow from `record` and have at least as many readable bytes behind them as it.
/// False where the array does not end, ends too early, or has an empty element: then nothing in it
/// can be told apart.
bool split_batch(std::string_view record, std::vector<std::string_view>& out);

}  // namespace fealty::codec
