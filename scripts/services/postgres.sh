# A PostgreSQL server for src/catalog/postgres: SAFELIGHT_TEST_POSTGRES=postgresql://safelight@127.0.0.1:PORT/postgres.
# With postgres_options it gets further options (-c NAME=VALUE).
# Tests that freeze or stop a server start one of their own, by the functions below.

# The server refuses to run as root, and then runs as the user that its Debian package has made.
postgres_folder=
postgres_pid=

as_postgres() (
  cd /
  if [ "$(id -u)" = 0 ]; then exec runuser -u postgres -- "$@"; else exec "$@"; fi
)

postgres_programs() { printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1; }

# run_postgres FOLDER: starts the server on the data in FOLDER and exports SAFELIGHT_TEST_POSTGRES. Everybody who
# reaches the port is believed.
run_postgres() {
  local folder=$1 port try
  for try in 1 2 3; do
    port=$(free_ports 1)
    if as_postgres "$(postgres_programs)/pg_ctl" start -D "$folder/data" -l "$folder/server.log" -w -t 60 -s -o "\
        -c port=$port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
        -c fsync=on ${postgres_options:-}" </dev/null >/dev/null 2>&1; then
      postgres_folder=$folder
      postgres_pid=$(head -n 1 "$folder/data/postmaster.pid")
      export SAFELIGHT_TEST_POSTGRES="postgresql://safelight@127.0.0.1:$port/postgres"
      return 0
    fi
  done
  echo "PostgreSQL did not start:" >&2
  tail -n 20 "$folder/server.log" >&2
  return 1
}

# The folder is the server's, which has to get there.
own_folder() {  # FOLDER
  mkdir -p "$1"
  [ "$(id -u)" = 0 ] || return 0
  chown postgres: "$1"
  chmod o+x "$(dirname "$1")"
}

# start_postgres FOLDER: makes an empty cluster in FOLDER and runs it.
start_postgres() {
  local folder=$1
  own_folder "$folder"
  as_postgres "$(postgres_programs)/initdb" -D "$folder/data" --auth=trust --username=safelight --encoding=UTF8 \
    --locale=C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; return 1; }
  run_postgres "$folder"
}

# start_postgres_standby FOLDER URL: makes a hot standby of the server at URL in FOLDER and runs it.
start_postgres_standby() {
  local folder=$1 url=$2
  own_folder "$folder"
  as_postgres "$(postgres_programs)/pg_basebackup" -D "$folder/data" -d "$url" --write-recovery-conf --checkpoint=fast \
    --no-sync >"$folder/backup.log" 2>&1 || { cat "$folder/backup.log" >&2; return 1; }
  run_postgres "$folder"
}

stop_postgres() {
  [ -n "$postgres_folder" ] || return 0
  as_postgres "$(postgres_programs)/pg_ctl" stop -D "$postgres_folder/data" -m immediate -s >/dev/null 2>&1 || true
  postgres_folder=
}
