# A Redis without persistence, for src/queue/redis: SAFELIGHT_TEST_REDIS=redis://127.0.0.1:PORT. Tests that kill, stop
# or empty a server start one of their own.

redis_pid=

start_redis() {  # FOLDER
  run_redis "$1" "$(free_ports 1)"
}

# In a session of its own: Ctrl-C is for the one who asked for it, and who may still need it while he ends.
run_redis() {  # FOLDER PORT
  local port=$2
  setsid redis-server --port "$port" --bind 127.0.0.1 --dir "$1" --save '' --appendonly no >"$1/redis.log" 2>&1 &
  redis_pid=$!
  # Ours: another process may have been quicker to take the port.
  wait_until 20 Redis redis_is "$port" "$redis_pid" || return 1
  export SAFELIGHT_TEST_REDIS=redis://127.0.0.1:$port
}

redis_is() {  # PORT PID
  redis-cli -h 127.0.0.1 -p "$1" INFO server | tr -d '\r' | grep -qx "process_id:$2"
}

stop_redis() {
  [ -n "$redis_pid" ] || return 0
  kill "$redis_pid" 2>/dev/null || true
  wait "$redis_pid" 2>/dev/null || true
  redis_pid=
}
