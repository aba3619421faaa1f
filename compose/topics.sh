#!/usr/bin/env bash
# Makes the topics that the compose file's services use, and leaves those alone that exist.
set -euo pipefail

create() {
  local topic=$1; shift
  /opt/kafka/bin/kafka-topics.sh --bootstrap-server "$BROKERS" --create --if-not-exists \
    --topic "$topic" --partitions "$PARTITIONS" --replication-factor 1 "$@"
}

create events --config retention.ms=604800000
create fealty.notices
create fealty.ledger --config retention.ms=-1
create fealty.members --config cleanup.policy=compact --config max.message.bytes=16777216
create fealty.deadletters
create fealty.changelog --config cleanup.policy=compact --config max.message.bytes=16777216
create fealty.timeline --config cleanup.policy=compact
