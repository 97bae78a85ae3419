#!/usr/bin/env bash
# Runs every fuzz program for a while: scripts/fuzz.sh [SECONDS]. See fuzz/README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup.sh

seconds=${1:-60}
need_packages build sanitize
need_web_modules
build asan fuzz_container fuzz_bmp fuzz_jpeg fuzz_png fuzz_metadata fuzz_transform fuzz_messages fuzz_jwt
export LSAN_OPTIONS=suppressions=$PWD/scripts/lsan.supp:print_suppressions=0 UBSAN_OPTIONS=print_stacktrace=1

images=${SAFELIGHT_IMAGES:-../shared/images}
for name in container bmp jpeg png metadata transform messages jwt; do
  corpus=build/fuzz/corpus/$name log=build/fuzz/$name.log
  mkdir -p "$corpus"
  seeds=("fuzz/seeds/$name")
  if [[ $name =~ ^(bmp|jpeg|png)$ ]]; then seeds=(fuzz/seeds/container); fi
  if [ "$name" = metadata ]; then seeds+=(fuzz/seeds/container); fi
  if [ -d "$images" ] && [[ $name =~ ^(container|bmp|jpeg|png|metadata)$ ]]; then seeds+=("$images"); fi
  say "fuzz_$name for $seconds s"
  build/asan/fuzz/fuzz_"$name" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="build/fuzz/$name-" "$corpus" "${seeds[@]}" >"$log" 2>&1 || { tail -n 60 "$log" >&2; exit 1; }
  grep -E '^Done|^stat::number_of_executed' "$log" >&2 || true
done
