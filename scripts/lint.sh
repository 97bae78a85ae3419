#!/usr/bin/env bash
# Formatting and clang-tidy's short list of checks. Needs build/release to be configured.
#   scripts/lint.sh [--format] [FILE…]     default: every file of src/ and bench/; --format: formatting only
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup.sh
format_only=no
if [ "${1:-}" = --format ]; then format_only=yes; shift; fi
if [ $# -gt 0 ]; then files=("$@"); else mapfile -t files < <(git ls-files 'src/*.cc' 'src/*.h' 'bench/*.cc'); fi
say "formatting of ${#files[@]} files"
clang-format-19 --dry-run --Werror "${files[@]}"
[ "$format_only" = no ] || exit 0
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '^src/.*\.cc$')
say "clang-tidy over ${#sources[@]} files"
printf '%s\0' "${sources[@]}" | xargs -0 -n 4 -P "$(nproc)" clang-tidy-19 --quiet -p build/release 2>&1 |
  { grep -vE '^[0-9]+ warnings? generated|^Suppressed |^Use -header-filter|^$' || true; } | tee build/lint.log
! grep -qE '(error|warning):' build/lint.log
