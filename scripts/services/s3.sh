# An S3 store to test against: OpenStack Swift with s3api, which checks signatures, with one replica and no ring of
# background daemons. Exports SAFELIGHT_TEST_S3 (an s3:// URL of an empty bucket) and the keys in
# SAFELIGHT_TEST_S3_ACCESS_KEY and SAFELIGHT_TEST_S3_SECRET_KEY. Where these are set already, the tests use that store (an empty
# bucket of MinIO, Garage, …) and none is started.

s3_pids=()

s3_ring() {  # FOLDER KIND PORT
  local builder=$1/$2.builder
  {
    swift-ring-builder "$builder" create 4 1 1
    swift-ring-builder "$builder" add "r1z1-127.0.0.1:$3/disk" 1
    swift-ring-builder "$builder" rebalance
  } >>"$1/ring.log" 2>&1
}

s3_defaults() {  # FOLDER PORT
  cat <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $2
workers = 0
user = $(id -un)
swift_dir = $1
devices = $1/devices
mount_check = false
log_level = WARNING
disable_fallocate = true
CONF
}

s3_storage_conf() {  # FOLDER KIND PORT
  s3_defaults "$1" "$3"
  cat <<CONF
[pipeline:main]
pipeline = $2-server
[app:$2-server]
use = egg:swift#$2
container_update_timeout = 30
[$2-updater]
recon_cache_path = $1
CONF
}

s3_proxy_conf() {  # FOLDER PORT MEMCACHED_PORT
  s3_defaults "$1" "$2"
  cat <<CONF
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth copy slo symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
conn_timeout = 10
node_timeout = 60
# Otherwise it takes a server that came up a moment later than itself for dead, for a minute.
error_suppression_interval = 1
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$3
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
storage_domain = localhost
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = $SAFELIGHT_TEST_S3_SECRET_KEY .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:symlink]
use = egg:swift#symlink
CONF
}

s3_make_bucket() {  # PORT BUCKET
  python3 - "$@" <<'PYTHON'
import datetime, hashlib, hmac, os, sys, urllib.request
port, bucket = sys.argv[1:]
access, secret = os.environ["SAFELIGHT_TEST_S3_ACCESS_KEY"], os.environ["SAFELIGHT_TEST_S3_SECRET_KEY"]
host, body = f"127.0.0.1:{port}", hashlib.sha256(b"").hexdigest()
date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
scope, names = f"{date[:8]}/us-east-1/s3/aws4_request", "host;x-amz-content-sha256;x-amz-date"
canonical = f"PUT\n/{bucket}\n\nhost:{host}\nx-amz-content-sha256:{body}\nx-amz-date:{date}\n\n{names}\n{body}"
text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
key = ("AWS4" + secret).encode()
for step in (*scope.split("/"), text):
    key = hmac.digest(key, step.encode(), "sha256")
urllib.request.urlopen(urllib.request.Request(f"http://{host}/{bucket}", method="PUT", headers={
    "x-amz-date": date, "x-amz-content-sha256": body,
    "Authorization": f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={key.hex()}"}))
PYTHON
}

start_s3() {  # FOLDER
  [ -z "${SAFELIGHT_TEST_S3:-}" ] || return 0
  local folder=$1 proxy account container object cache kind
  read -r proxy account container object cache <<<"$(free_ports 5)"
  export SAFELIGHT_TEST_S3_ACCESS_KEY=test:tester
  export SAFELIGHT_TEST_S3_SECRET_KEY=$(python3 -c 'import secrets; print(secrets.token_hex(16))')
  mkdir -p "$folder/devices/disk"
  printf '[swift-hash]\nswift_hash_path_suffix = safelight\n' >"$folder/swift.conf"
  s3_ring "$folder" account "$account"
  s3_ring "$folder" container "$container"
  s3_ring "$folder" object "$object"
  for kind in account container object; do s3_storage_conf "$folder" "$kind" "${!kind}" >"$folder/$kind.conf"; done
  s3_proxy_conf "$folder" "$proxy" "$cache" >"$folder/proxy.conf"

  run_s3 "$folder" "$proxy" "$cache"
  wait_until 60 "Swift's S3 interface" s3_make_bucket "$proxy" safelight-tests
  export SAFELIGHT_TEST_S3="s3://safelight-tests?endpoint=http://127.0.0.1:$proxy"
}

# run_s3 FOLDER PORT MEMCACHED_PORT: starts the processes that start_s3 has configured in FOLDER, in sessions of their own:
# Ctrl-C is for the one who asked for them, and who may still need them while he ends.
run_s3() {
  local folder=$1 cache=$3 kind
  setsid memcached -l 127.0.0.1 -p "$cache" -U 0 -u nobody >"$folder/memcached.log" 2>&1 &
  s3_pids+=($!)
  for kind in account container object proxy; do
    setsid "swift-$kind-server" "$folder/$kind.conf" >>"$folder/$kind.log" 2>&1 &
    s3_pids+=($!)
  done
}

# catch_up_s3 FOLDER: after a kill, listings learn of the objects that were written or removed while nobody could be told.
catch_up_s3() {
  swift-object-updater "$1/object.conf" once
}

stop_s3() {
  [ ${#s3_pids[@]} -eq 0 ] || { kill "${s3_pids[@]}" 2>/dev/null; wait "${s3_pids[@]}" 2>/dev/null; }
  s3_pids=()
}
