#!/bin/sh
# Fetches the CDNOW purchase logs that the golden tests read. They are part of the PyPI package
# `lifetimes` (MIT licence): CDNOW_master.txt (all 69,659 purchases), CDNOW_sample.txt (the 1/10 sample
# of Fader, Hardie & Lee). Usage: fetch_cdnow.sh [DIRECTORY], default build/testdata.
# Does nothing where both files are there already with the right content. Needs Python 3 with pip.
set -eu

master_sha256=eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef
sample_sha256=6fae10155c0b0ba363c2c386e30f77990d22328220efd862a5edd1443420d94a
root=$(cd "$(dirname "$0")/../.." && pwd)
directory=${1:-$root/build/testdata}

fail() {
  echo "fetch_cdnow: $*" >&2
  exit 1
}

right() {  # right FILE SHA256
  [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$2" ]
}

complete() {  # complete DIRECTORY
  right "$1/CDNOW_master.txt" $master_sha256 && right "$1/CDNOW_sample.txt" $sample_sha256
}

mkdir -p "$directory" || fail "cannot make $directory"
if complete "$directory"; then
  exit 0
fi

command -v python3 >/dev/null || fail "python3 is missing (Debian: apt-get install python3 python3-pip)"
python3 -m pip --version >/dev/null 2>&1 || fail "pip is missing (Debian: apt-get install python3-pip)"
work=$(mktemp -d "$directory/fetch.XXXXXX") || fail "cannot write to $directory"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Not installed, only unpacked: the wheel is a zip file.
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --dest "$work" lifetimes==0.11.3 >"$work/log" 2>&1 ||
  fail "pip could not download lifetimes 0.11.3: $(tail -n 3 "$work/log")"
python3 - "$work" <<'PYTHON' || fail "lifetimes 0.11.3 does not hold the CDNOW files"
import glob, os, sys, zipfile
wheel, = glob.glob(os.path.join(sys.argv[1], "*.whl"))
with zipfile.ZipFile(wheel) as archive:
    for name in ("CDNOW_master.txt", "CDNOW_sample.txt"):
        with open(os.path.join(sys.argv[1], name), "wb") as out:
            out.write(archive.read("lifetimes/datasets/" + name))
PYTHON
complete "$work" || fail "what lifetimes 0.11.3 holds is not the known data (sha256 differs)"
mv "$work/CDNOW_master.txt" "$work/CDNOW_sample.txt" "$directory/"
echo "fetch_cdnow: CDNOW_master.txt and CDNOW_sample.txt are in $directory" >&2
