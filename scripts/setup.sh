# Functions that ./run, ./test and bench share: what a machine needs, and how the project is built.
# Sourced by bash scripts that stand in the project's folder with `set -euo pipefail`.

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || { echo "Installing packages needs root or sudo: $*" >&2; exit 1; }
  sudo "$@"
}

# need_packages KIND...: installs what scripts/packages.txt lists for these kinds and is not there yet.
need_packages() {
  local kinds wanted missing=()
  kinds=$(IFS='|'; echo "$*")
  wanted=$(grep -E "^($kinds) " scripts/packages.txt | cut -d' ' -f2)
  [ "${1:-}" != build ] || command -v npm >/dev/null || wanted+=" npm"
  local installed
  # shellcheck disable=SC2086
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null | sed -n 's/ installed$//p') || true
  for package in $wanted; do
    grep -qxF "$package" <<<"$installed" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  as_root apt-get -o DPkg::Lock::Timeout=300 update -qq
  install_packages "${missing[@]}"
}

# install_packages PACKAGE...: what the tests start for themselves is not to be started as a service of the machine, too.
install_packages() (
  policy=/usr/sbin/policy-rc.d mark='# of the tests of Safelight'
  if [ ! -e $policy ] || grep -qxF "$mark" $policy; then
    trap 'as_root rm -f $policy' EXIT
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@" >/dev/null
)

# need_node_modules FOLDER: what its package-lock.json lists comes from npm, again when that changes.
need_node_modules() {
  local stamp=$1/node_modules/.lock-sha256 wanted
  wanted=$(sha256sum "$1/package-lock.json" | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  say "fetching the modules of $1 with npm"
  npm ci --prefix "$1" --no-audit --no-fund --loglevel=error >&2
  echo "$wanted" > "$stamp"
}

# The assets of the API page.
need_web_modules() { need_node_modules web; }

# build PRESET [TARGET...]: configures when needed and builds; the compiler's output is shown only when it fails.
build() {
  local preset=$1 log; shift
  log=build/$preset.log
  mkdir -p build
  if [ ! -f "build/$preset/build.ninja" ]; then
    say "configuring build/$preset"
    cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
  fi
  # A dry run tells whether there is anything to say.
  if ! ninja -C "build/$preset" -n "$@" 2>/dev/null | grep -q 'no work to do'; then
    say "building build/$preset (the first time takes minutes)"
    ninja -C "build/$preset" "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
  fi
}
