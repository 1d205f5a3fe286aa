#!/bin/sh
# Fuzzes every target of the bridge for a bounded time each: tools/fuzz.sh 20s [NAME...]
# What is found stays in the package's testdata/fuzz, and is a test from then on.
set -eu
cd "$(dirname "$0")/../livekit-client-2"
time=$1
shift
grep -rlE '^func Fuzz' --include='*_test.go' . | sort | while read -r file; do
  sed -nE 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/p' "$file" | while read -r target; do
    package=$(dirname "$file")
    case " ${*:-$target} " in *" $target "*) ;; *) continue ;; esac
    echo "==> $package $target, for $time"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" </dev/null
  done
done
