#!/usr/bin/env bash
# Installs what is missing, builds, and runs the tests.
#
#   ./test                everything: unit and conformance tests, then whole processes
#   ./test --quick        unit and conformance tests only
#   ./test --sanitize     unit and conformance tests under AddressSanitizer + UBSan and under ThreadSanitizer
#   ./test --sweep        the kill -9 sweep over every kill point
#   ./test --lint         formatting and clang-tidy
#   ./test --ci           what CI runs: everything, --sanitize, --lint
#
# Further arguments go to pytest: ./test -k framing
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. scripts/setup.sh

unit_tests() {  # PRESET
  build "$1"
  say "unit and conformance tests ($1)"
  ctest --test-dir "build/$1" --output-on-failure -j "$(nproc)" 2>&1 | grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed|^ *Start +[0-9]+:' || return 1
}

need_python_modules() {
  local stamp=build/venv/.requirements-sha256 wanted
  wanted=$(sha256sum tests/requirements.txt | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  say "fetching the tests' Python modules"
  /usr/bin/python3 -m venv build/venv
  build/venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
  echo "$wanted" > "$stamp"
}

system_tests() {
  need_python_modules
  say "whole processes"
  build/venv/bin/python -m pytest tests "$@"
}

sanitized_tests() {
  need_packages sanitize
  ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 unit_tests asan
  unit_tests tsan
}

lint() {
  need_packages lint
  [ -f build/release/build.ninja ] || build release
  scripts/lint.sh
}

mode=all
case "${1:-}" in --quick|--sanitize|--sweep|--lint|--ci) mode=${1#--}; shift ;; -h|--help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit ;; esac

started=$SECONDS
need_packages build test
need_web_modules
case $mode in
  quick) unit_tests release ;;
  sanitize) sanitized_tests ;;
  lint) lint ;;
  sweep) build release; need_python_modules; build/venv/bin/python tests/kill_sweep.py --all "$@" ;;
  all) unit_tests release; system_tests "$@" ;;
  ci) unit_tests release; sanitized_tests; lint; system_tests "$@" ;;
esac
say "done in $(( (SECONDS - started) / 60 )) min $(( (SECONDS - started) % 60 )) s"
