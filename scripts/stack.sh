#!/usr/bin/env bash
# ./run stack: PostgreSQL, Redis and an S3 store on loopback, `safelight serve` without workers and two `safelight worker`
# over them; the same servers that the tests use. All data goes with it at Ctrl-C: it is for trying things out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup.sh
. scripts/services.sh

need_packages build test
need_web_modules
build release safelight

processes=()
stop_all() {
  trap '' INT TERM
  local pid
  for pid in "${processes[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${processes[@]}"; do wait "$pid" 2>/dev/null || true; done
  stop_services
}

start_services
trap stop_all EXIT
trap 'exit 0' INT TERM
export SAFELIGHT_DATA=$services_folder/data \
  SAFELIGHT_CATALOG=$SAFELIGHT_TEST_POSTGRES \
  SAFELIGHT_QUEUE=$SAFELIGHT_TEST_REDIS \
  SAFELIGHT_BLOBS=$SAFELIGHT_TEST_S3 \
  SAFELIGHT_S3_ACCESS_KEY=$SAFELIGHT_TEST_S3_ACCESS_KEY \
  SAFELIGHT_S3_SECRET_KEY=$SAFELIGHT_TEST_S3_SECRET_KEY
unset "${!SAFELIGHT_TEST_@}"

safelight=build/release/src/app/safelight
"$safelight" migrate up
"$safelight" doctor
# In sessions of their own, so that Ctrl-C reaches this script alone, which ends them in order.
SAFELIGHT_WORKERS=0 SAFELIGHT_UPLOADS_MAX=64 setsid "$safelight" serve "$@" & processes+=($!)
for _ in 1 2; do setsid "$safelight" worker & processes+=($!); done
say "Ctrl-C ends the stack"
wait -n "${processes[@]}" || { echo "a process of the stack ended" >&2; exit 1; }
