# What a run of the tests left out, told at its end. A case that is skipped says why: where that begins with "not on this
# machine: ", the machine lacks what the promise does not hang on (it may not mount, it has no collection of pictures). All
# else that was left out is a gap, which fails CI.

# One line for each, "NAME: WHY"; in a file, because subshells and pytest write to it as well.
left_out=build/left-out.txt

begin_left_out() { mkdir -p build; : >"$left_out"; }

# skipped_cases LOG: what the programs of GoogleTest skipped, as ctest's log tells.
skipped_cases() {
  awk '/: Skipped$/ {getline why}
       sub(/^\[  SKIPPED \] /, "") && sub(/ \([0-9]+ ms\)$/, "") {print $0 ": " why; why = ""}' "$1"
}

# Parameters do not count as names of their own: a thousand pictures are one line.
list_left_out() {
  sed -E 's/^([^ :]+(::[^ :[]+)*)\[.*\]: /\1: /; s/^([^ :]+)\/[0-9A-Za-z_]+: /\1: /' | sort | uniq -c | sed -E 's/^ *([0-9]+) /    \1 × /'
}

# tell_left_out MODE: status 1 when MODE is ci and there is a gap.
tell_left_out() {
  local lacks gaps mark=': not on this machine: '
  lacks=$(sed -n "/$mark/p" "$left_out" | list_left_out)
  gaps=$(sed "/$mark/d" "$left_out" | list_left_out)
  [ -z "$lacks" ] || say $'left out, for this machine cannot:\n'"$lacks"
  [ -n "$gaps" ] || return 0
  say $'NOT RUN:\n'"$gaps"
  [ "$1" != ci ] || { say "FAILED: CI runs everything"; return 1; }
}
