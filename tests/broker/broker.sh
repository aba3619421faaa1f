#!/usr/bin/env bash
# A real Apache Kafka (KRaft) for the tests, from its Maven artifacts. Needs Java 17 and, once, Maven.
#
#   broker.sh start  [--brokers N] [--dir DIR] [--host ADDRESS] [--sasl USER:PASSWORD] [--proxied] [--watch PID|parent]
#   broker.sh stop   [--dir DIR]
#   broker.sh status [--dir DIR]
#   broker.sh run    [start's options] -- COMMAND...     broker for one command, in $FEALTY_BROKERS
#   broker.sh topics|acls [--dir DIR] ARGUMENTS...       Kafka's own TopicCommand, AclCommand
#   broker.sh kill | revive [--dir DIR] --broker I       kill -9 one of them; start it again
#   broker.sh fetch                                      only make sure that the artifacts are here
#
# `start` returns once every broker answers, and prints the bootstrap servers (with --sasl, those of
# the SASL/PLAIN listener on a second line; both also in DIR/bootstrap and DIR/bootstrap.sasl; one more
# listener then takes unsecured OAUTHBEARER tokens: DIR/bootstrap.oauth).
# With --proxied one more listener says that it is reached at another port, where a test's proxy may
# listen; both ports are in DIR/proxied. The SASL user may do whatever no ACL says otherwise of.
# They listen at --host (default 127.0.0.1): an address of this machine that clients can reach.
# All data lies in DIR (default: one per user under $TMPDIR), which `stop` removes. Nothing outlives
# its keeper: brokers die with the keeper process, and the keeper stops when --watch's process ends.
# The artifacts are kept in $FEALTY_BROKER_CACHE (default: build/broker of this checkout).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${FEALTY_BROKER_CACHE:-$(cd "$here/../.." && pwd)/build/broker}
ready_seconds=${FEALTY_BROKER_READY_SECONDS:-90}

say() { echo "broker.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

usage() { sed -n '2,23s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

# --- the artifacts -------------------------------------------------------------------------------

fetch() {
  command -v java >/dev/null || fail "no Java: install Java 17 or newer (apt: openjdk-17-jre-headless)"
  local version
  version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1)
  [ "${version:-0}" -ge 17 ] || fail "Java $version is too old: Kafka 4 needs 17 or newer"
  [ -e "$cache/complete" ] && return
  command -v mvn >/dev/null || fail "no Maven: install it (apt: maven), it fetches Apache Kafka"
  mkdir -p "$cache"
  exec 8>"$cache/lock"
  flock 8  # Two test runs may want it at once.
  if [ ! -e "$cache/complete" ]; then
    say "fetching Apache Kafka into $cache"
    rm -rf "$cache/libs"
    mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
      "-DoutputDirectory=$cache/libs" >"$cache/mvn.log" 2>&1 ||
      { tail -5 "$cache/mvn.log" >&2; fail "could not fetch Apache Kafka (see $cache/mvn.log)"; }
    touch "$cache/complete"
  fi
  exec 8>&-
}

# Short-lived tools: small and quick to start.
tool() {
  java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    "-Dlog4j2.configurationFile=$here/log4j2.properties" -Dfealty.log.level=error \
    -cp "$cache/libs/*" "$@"
}

# --- one cluster ---------------------------------------------------------------------------------

# N free ports below the ephemeral range, so that no outgoing connection takes one meanwhile.
free_ports() {
  python3 - "$1" <<'PY'
import random, socket, sys
held = []
for port in random.sample(range(20000, 32000), 2000):
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", port))
        held.append(s)
    except OSError:
        continue
    if len(held) == int(sys.argv[1]):
        break
print(*[s.getsockname()[1] for s in held])
PY
}

ports_each=6  # client, controller, SASL, behind a proxy, the proxy's, OAUTHBEARER
# write_properties I: uses ports, brokers, host, dir, sasl, proxied.
write_properties() {
  local i=$1 at=$((($1 - 1) * ports_each)) replicas=$((brokers < 3 ? brokers : 3)) voters="" j
  for ((j = 1; j <= brokers; ++j)); do voters+="${voters:+,}$j@$host:${ports[(j - 1) * ports_each + 1]}"; done
  local listeners="PLAINTEXT://$host:${ports[at]}" map="CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"
  if [ -n "$sasl" ]; then
    listeners+=",SASL_PLAINTEXT://$host:${ports[at + 2]},OAUTH://$host:${ports[at + 5]}"
    map+=",SASL_PLAINTEXT:SASL_PLAINTEXT,OAUTH:SASL_PLAINTEXT"
  fi
  local advertised=$listeners
  if [ -n "$proxied" ]; then
    listeners+=",PROXIED://$host:${ports[at + 3]}"
    advertised+=",PROXIED://$host:${ports[at + 4]}"
    map+=",PROXIED:PLAINTEXT"
  fi
  cat <<EOF
process.roles=broker,controller
node.id=$i
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
listeners=$listeners,CONTROLLER://$host:${ports[at + 1]}
advertised.listeners=$advertised
listener.security.protocol.map=$map
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data-$i
num.network.threads=2
num.io.threads=4
auto.create.topics.enable=false
default.replication.factor=$replicas
min.insync.replicas=$((replicas > 2 ? 2 : 1))
offsets.topic.num.partitions=4
offsets.topic.replication.factor=$replicas
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$((replicas > 2 ? 2 : 1))
transaction.abort.timed.out.transaction.cleanup.interval.ms=200
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
EOF
  if [ -n "$sasl" ]; then
    local user=${sasl%%:*} password=${sasl#*:}
    echo "sasl.enabled.mechanisms=PLAIN"
    echo "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"
    echo "super.users=User:ANONYMOUS"
    echo "allow.everyone.if.no.acl.found=true"
    echo "listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"$user\" password=\"$password\" user_$user=\"$password\";"
    echo "listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER"
    echo "listener.name.oauth.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";"
  fi
}

format_storage() {
  local i pids=() cluster
  cluster=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d '=')
  for ((i = 1; i <= brokers; ++i)); do
    tool kafka.tools.StorageTool format -t "$cluster" -c "$dir/broker-$i.properties" \
      >"$dir/format-$i.log" 2>&1 &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i" || { cat "$dir"/format-*.log >&2; fail "could not format storage"; }; done
}

# Runs in the keeper: broker I as a child that the kernel kills when the keeper dies.
launch() {
  setpriv --pdeathsig KILL java -Xms128m -Xmx512m \
    "-Dlog4j2.configurationFile=$here/log4j2.properties" -cp "$cache/libs/*" \
    kafka.Kafka "$dir/broker-$1.properties" >>"$dir/broker-$1.log" 2>&1 &
  echo $! >"$dir/broker-$1.pid"
}

# The keeper: starts the brokers and lives as long as they shall. Ends on TERM or with `watch`.
keep() {
  local i watcher=""
  trap 'trap - TERM; stop_children; exit 0' TERM INT HUP
  trap 'launch "$(cat "$dir/revive")"' USR1
  for ((i = 1; i <= brokers; ++i)); do launch "$i"; done
  if [ -n "$watch" ]; then
    tail --pid="$watch" -s 0.2 -f /dev/null &
    watcher=$!
  else
    setpriv --pdeathsig KILL tail -f /dev/null &
    watcher=$!
  fi
  while kill -0 "$watcher" 2>/dev/null; do wait "$watcher" || true; done
  stop_children
  rm -rf "$dir"
}
stop_children() { local j; for j in $(jobs -p); do kill -9 "$j" 2>/dev/null || true; done; wait || true; }

alive() { [ -e "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

# Asks until every broker has registered; AdminClient itself waits for the first to listen.
await_ready() {
  local deadline=$((SECONDS + ready_seconds)) i seen=0
  while [ "$seen" -lt "$brokers" ]; do
    [ $SECONDS -lt $deadline ] || { tail -20 "$dir"/broker-*.log >&2; fail "not ready in $ready_seconds s"; }
    for ((i = 1; i <= brokers; ++i)); do
      alive "$dir/broker-$i.pid" || { tail -20 "$dir/broker-$i.log" >&2; return 1; }
    done
    seen=$(timeout 30 java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
      "-Dlog4j2.configurationFile=$here/log4j2.properties" -Dfealty.log.level=off -cp "$cache/libs/*" \
      org.apache.kafka.tools.BrokerApiVersionsCommand --bootstrap-server "$1" 2>/dev/null |
      grep -c '(id: [0-9]' || true)
  done
}

start() {
  alive "$dir/keeper.pid" && fail "already running in $dir"
  fetch
  if [ -e "$dir" ] && [ -n "$(ls -A "$dir")" ] && [ ! -e "$dir/fealty-broker" ]; then
    fail "$dir is not empty and not mine: give another --dir"
  fi
  rm -rf "$dir"
  mkdir -p "$dir"
  touch "$dir/fealty-broker"
  local i attempt bootstrap secured oauth
  for attempt in 1 2 3; do  # Again where somebody took a port meanwhile.
    read -r -a ports <<<"$(free_ports $((brokers * ports_each)))"
    bootstrap="" secured="" oauth=""
    for ((i = 1; i <= brokers; ++i)); do
      write_properties "$i" >"$dir/broker-$i.properties"
      bootstrap+="${bootstrap:+,}$host:${ports[(i - 1) * ports_each]}"
      secured+="${secured:+,}$host:${ports[(i - 1) * ports_each + 2]}"
      oauth+="${oauth:+,}$host:${ports[(i - 1) * ports_each + 5]}"
    done
    rm -rf "$dir"/data-* "$dir"/*.pid
    format_storage
    brokers=$brokers watch=$watch setsid "$here/broker.sh" keep --dir "$dir" \
      --brokers "$brokers" ${watch:+--watch "$watch"} </dev/null >"$dir/keeper.log" 2>&1 &
    echo $! >"$dir/keeper.pid"
    until [ -e "$dir/broker-$brokers.pid" ] || ! alive "$dir/keeper.pid"; do read -rt 0.05 <> <(:) || true; done
    if await_ready "$bootstrap"; then
      if [ -n "$proxied" ]; then echo "${ports[3]} ${ports[4]}" >"$dir/proxied"; fi
      echo "$bootstrap" | tee "$dir/bootstrap"
      if [ -n "$sasl" ]; then
        echo "$oauth" >"$dir/bootstrap.oauth"
        echo "$secured" | tee "$dir/bootstrap.sasl"
      fi
      return
    fi
    stop_keeper
  done
  fail "no broker came up in $dir"
}

stop_keeper() {
  alive "$dir/keeper.pid" || return 0
  local pid
  pid=$(cat "$dir/keeper.pid")
  kill -TERM "$pid" 2>/dev/null || true
  timeout 20 tail --pid="$pid" -s 0.05 -f /dev/null || kill -9 "$pid" 2>/dev/null || true
}

stop() {
  [ -e "$dir/fealty-broker" ] || return 0
  stop_keeper
  rm -rf "$dir"
}

# --- the command line ----------------------------------------------------------------------------

[ $# -ge 1 ] || usage
command=$1
shift
brokers=1 host=127.0.0.1 dir=${TMPDIR:-/tmp}/fealty-broker.$(id -u) sasl="" watch="" broker="" proxied="" ports=()
while [ $# -gt 0 ]; do
  case $1 in
    --brokers) brokers=$2; shift 2 ;;
    --dir) dir=$2; shift 2 ;;
    --host) host=$2; shift 2 ;;
    --sasl) sasl=$2; shift 2 ;;
    --proxied) proxied=yes; shift ;;
    --watch) watch=$2; shift 2 ;;
    --broker) broker=$2; shift 2 ;;
    --) shift; break ;;
    *) break ;;
  esac
done
[ "$watch" = parent ] && watch=$PPID
case $command in
  fetch) fetch ;;
  start) start ;;
  stop) stop ;;
  status)
    alive "$dir/keeper.pid" || { say "not running in $dir"; exit 1; }
    cat "$dir/bootstrap"
    ;;
  run)
    dir=$(mktemp -d "${TMPDIR:-/tmp}/fealty-broker.XXXXXX")
    watch=$$
    trap stop EXIT
    trap 'exit 130' INT TERM HUP
    start >&2
    FEALTY_BROKERS=$(cat "$dir/bootstrap") FEALTY_BROKER_DIR=$dir "$@"
    ;;
  topics) tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$(cat "$dir/bootstrap")" "$@" ;;
  acls) tool org.apache.kafka.tools.AclCommand --bootstrap-server "$(cat "$dir/bootstrap")" "$@" ;;
  kill) kill -9 "$(cat "$dir/broker-$broker.pid")" ;;
  revive)
    echo "$broker" >"$dir/revive"
    kill -USR1 "$(cat "$dir/keeper.pid")"
    ;;
  keep) keep ;;
  *) usage ;;
esac
