#!/bin/bash
# Exits 0 when this machine's Safelight answers 200: health-check.sh [PORT] [PATH]. No curl: one tool less in the image.
set -euo pipefail
port=${1:-8080} path=${2:-/healthz}
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$path" >&3
read -r -t 2 _ status _ <&3
[ "$status" = 200 ]
