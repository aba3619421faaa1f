#!/usr/bin/env bash
# The synthetic shop, live, into Kafka: one message an event, keyed by its member id as Fealty's input
# must be. A malformed event has no readable subject and goes out without a key.
set -euo pipefail

fealty generate --live --rate "${RATE:-200}" --members "${MEMBERS:-5000}" --seed "${SEED:-1}" |
  sed -u -E 's/^(.*"subject":"([^"]*)".*)$/\2\t\1/' |
  kcat -P -b "$BROKERS" -t "$TOPIC" -K $'\t' -X partitioner=murmur2_random -X linger.ms=50
