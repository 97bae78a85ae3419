# The servers that tests need: each is started once for a run, on the loopback interface, and stopped at its end. Sourced
# by ./test. A service NAME has a file services/NAME.sh with start_NAME FOLDER, which waits until the server answers and
# exports where it is, and stop_NAME.
services=(
  postgres
)

for service in "${services[@]}"; do
  # shellcheck disable=SC1090
  . "scripts/services/$service.sh"
done

started_services=()

need_services() {
  [ -z "${services_folder:-}" ] || return 0
  services_folder=$(mktemp -d "${TMPDIR:-/tmp}/safelight-services-XXXXXX")
  chmod 711 "$services_folder"  # some servers run as a user of their own
  trap stop_services EXIT
  local service
  for service in "${services[@]}"; do
    say "starting $service"
    started_services+=("$service")
    "start_$service" "$services_folder/$service"
  done
}

stop_services() {
  local service
  for service in "${started_services[@]}"; do "stop_$service" || true; done
  started_services=()
  [ -z "${services_folder:-}" ] || rm -rf "$services_folder"
  services_folder=
}
