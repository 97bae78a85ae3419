#!/usr/bin/env bash
# Builds the release and measures it: speed, or memory while large uploads come in at once. See README.md.
#
#   bench/run.sh [--runs 5] [--count 300] [--clients 16] [PICTURE…]
#   bench/run.sh --memory          100 clients upload 20 MB each at the same time
#   bench/run.sh --catalog [OPTION…]   PostgreSQL's calls among a thousand and a million jobs
#   bench/run.sh --build-only      for compare.py
#
# With --build FOLDER nothing is built: the programs of that folder are measured. `--help` shows the other options.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v python3 >/dev/null || { echo "bench/run.sh needs python3" >&2; exit 1; }

for argument in "$@"; do
  case $argument in
    --build|--build=*|-h|--help) exec python3 "$bench/measure.py" "$@" ;;
  esac
done

(
  cd "$bench/.."
  . scripts/setup.sh
  need_packages build
  need_web_modules
  grep -qs '^SAFELIGHT_BENCH:BOOL=ON' build/release/CMakeCache.txt || {
    mkdir -p build
    say "configuring build/release with the benchmarks"
    cmake --preset release -DSAFELIGHT_BENCH=ON >build/release.log 2>&1 || { cat build/release.log >&2; exit 1; }
  }
  build release safelight upload_load catalog_scale_bench
)
if [ "${1:-}" = --catalog ]; then
  shift
  cd "$bench/.."
  . scripts/setup.sh
  need_packages test
  . scripts/services.sh
  services=(postgres)
  # As a server for so much would be set up: what is asked for fits.
  postgres_options='-c shared_buffers=2GB'
  start_services
  build/release/bench/catalog_scale_bench "$@" "$SAFELIGHT_TEST_POSTGRES"
  exit
fi

[ "${1:-}" = --build-only ] || exec python3 "$bench/measure.py" "$@"
