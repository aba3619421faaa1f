#!/usr/bin/env bash
# The chaos run, by hand: five minutes on three brokers, as it is. `faults.sh --help` lists what can be asked for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export FEALTY_BUILD_DIR=${FEALTY_BUILD_DIR:-$PWD/build/release} PYTHONDONTWRITEBYTECODE=1
[[ -x $FEALTY_BUILD_DIR/fealty ]] || { echo "faults: no fealty in $FEALTY_BUILD_DIR: ./run build" >&2; exit 2; }
exec python3 tests/faults/chaos.py "$@"
