#!/bin/sh
# Fuzzes every target of the bridge for a bounded time each: tools/fuzz.sh 20s [NAME...]
# What is found stays in the package's testdata/fuzz, and is a test from then on.
set -eu
cd "$(dirname "$0")/../livekit-client-2"
time=$1
shift
log=$(mktemp)
failed=$(mktemp)
trap 'rm -f "$log" "$failed"' EXIT

# fuzz PACKAGE TARGET. Minimising each new input would take up the time: 10x bounds it. Now and then
# Go's fuzzer reports its own deadline as a failure; only one that left an input behind is ours.
fuzz() {
  echo "==> $1 $2, for $time"
  go test -run '^$' -fuzz "^$2\$" -fuzztime "$time" -fuzzminimizetime 10x "$1" >"$log" 2>&1 </dev/null && ok=1 || ok=
  if [ -z "$ok" ] && { grep -q 'Failing input' "$log" || ! grep -q 'context deadline exceeded' "$log"; }; then
    cat "$log"
    echo "$1 $2" >>"$failed"
  fi
  grep elapsed "$log" | tail -n 1
}

grep -rlE '^func Fuzz' --include='*_test.go' . | sort | while read -r file; do
  sed -nE 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/p' "$file" | while read -r target; do
    case " ${*:-$target} " in *" $target "*) fuzz "$(dirname "$file")" "$target" ;; esac
  done
done
if [ -s "$failed" ]; then
  echo "Found something:" && cat "$failed"
  exit 1
fi
