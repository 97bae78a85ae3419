# MinIO, the S3 store that many installations run: a second one to test against, where Go is at hand to build it (it comes as
# source alone). Exports the same as s3.sh, and SAFELIGHT_TEST_S3_SERVER=minio, by which tests know how it differs.

minio_version=v0.0.0-20260212201848-7aac2a2c5b7c
minio_program=build/minio/$minio_version/minio
minio_pid=

# Takes minutes the first time.
need_minio() {
  [ ! -x "$minio_program" ] || return 0
  say "building MinIO $minio_version"
  GOBIN=$PWD/$(dirname "$minio_program") go install -trimpath -ldflags '-s -w' "github.com/minio/minio@$minio_version" >build/minio.log 2>&1 ||
    { tail -n 20 build/minio.log >&2; return 1; }
}

start_minio() {  # FOLDER
  local folder=$1 port console
  read -r port console <<<"$(free_ports 2)"
  export SAFELIGHT_TEST_S3_SERVER=minio SAFELIGHT_TEST_S3_ACCESS_KEY=tester
  SAFELIGHT_TEST_S3_SECRET_KEY=$(python3 -c 'import secrets; print(secrets.token_hex(16))')
  export SAFELIGHT_TEST_S3_SECRET_KEY
  # MINIO_DOMAIN: buckets may stand in the host's name.
  MINIO_ROOT_USER=$SAFELIGHT_TEST_S3_ACCESS_KEY MINIO_ROOT_PASSWORD=$SAFELIGHT_TEST_S3_SECRET_KEY MINIO_DOMAIN=localhost \
    MINIO_BROWSER=off MINIO_UPDATE=off \
    setsid "$minio_program" server --address "127.0.0.1:$port" --console-address "127.0.0.1:$console" "$folder/disk" >"$folder/minio.log" 2>&1 &
  minio_pid=$!
  wait_until 60 MinIO s3_make_bucket "$port" safelight-tests
  export SAFELIGHT_TEST_S3="s3://safelight-tests?endpoint=http://127.0.0.1:$port"
}

stop_minio() {
  [ -z "$minio_pid" ] || { kill "$minio_pid" 2>/dev/null; wait "$minio_pid" 2>/dev/null; }
  minio_pid=
}
