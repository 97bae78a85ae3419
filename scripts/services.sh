# The servers that tests talk to: each is started once, on loopback, and its address goes to the tests in the
# environment. Sourced after scripts/setup.sh. A service NAME is scripts/services/NAME.sh with two functions:
#
#   start_NAME FOLDER   starts it in FOLDER on free ports, waits until it answers, exports what the tests need
#   stop_NAME           ends what it started, by process id

services=(
  postgres
  redis
  s3
)

services_folder=

# free_ports COUNT: that many different ports on loopback that nobody listens on.
free_ports() {
  python3 -c '
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))' "$1"
}

# wait_until SECONDS WHAT COMMAND...: until the command succeeds.
wait_until() {
  local deadline=$((SECONDS + $1)) what=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "$what does not answer" >&2; return 1; }
    sleep 0.1
  done
}

start_services() {
  local name
  services_folder=$(mktemp -d -t safelight-services-XXXXXX)
  trap stop_services EXIT
  for name in "${services[@]}"; do
    . "scripts/services/$name.sh"
    mkdir "$services_folder/$name"
    say "starting $name"
    "start_$name" "$services_folder/$name" || { tail -n 20 "$services_folder/$name"/*.log >&2; exit 1; }
  done
}

stop_services() {
  local name
  [ -n "$services_folder" ] || return 0
  for name in "${services[@]}"; do
    ! declare -F "stop_$name" >/dev/null || "stop_$name" || true
  done
  rm -rf "$services_folder"
  services_folder=
}
