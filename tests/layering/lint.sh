#!/usr/bin/env bash
# Format and clang-tidy over the files given, or over what changed since main, or (--all) over everything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tool() { command -v "$1-14" || command -v "$1" || { echo "lint: $1 is missing" >&2; exit 1; }; }
every() { git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp'; }
changed() {
  { git diff --name-only --diff-filter=d "$(git merge-base HEAD origin/main 2>/dev/null || echo HEAD)"
    git ls-files --others --exclude-standard; } | grep -E '\.(cpp|hpp)$' | sort -u || true
}

files=("$@")
if [[ ${1:-} == --all ]]; then mapfile -t files < <(every)
elif [[ $# == 0 ]]; then
  mapfile -t files < <(changed)
  [[ ${#files[@]} -gt 0 ]] || mapfile -t files < <(every)
fi

failed=0
format=$(tool clang-format); tidy=$(tool clang-tidy)
echo "lint: $("$format" --version | grep -o 'version.*'), ${#files[@]} files"
"$format" --dry-run -Werror "${files[@]}" || failed=1

database=build/lint
cmake --preset dev -B "$database" -DFEALTY_BENCH=ON >/dev/null
# Generated headers must exist before clang-tidy reads what includes them.
ninja -C "$database" fealty_proto >/dev/null 2>&1 || true
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '\.cpp$' || true)
if [[ ${#sources[@]} -gt 0 ]]; then
  printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P "$(nproc)" "$tidy" -p "$database" --quiet || failed=1
fi
[[ $failed == 0 ]] && echo "lint: clean"
exit $failed
