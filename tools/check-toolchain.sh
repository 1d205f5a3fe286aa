#!/usr/bin/env bash
# Says which of the two things needed beforehand is missing or too old.
set -u

older() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ] && [ "$1" != "$2" ]; }

need() { # name, least version, version found
  if [ -z "$3" ]; then
    echo "error: $1 was not found; $1 $2 or newer is needed (https://${4})." >&2
    exit 1
  fi
  if older "$3" "$2"; then
    echo "error: $1 $3 was found; $1 $2 or newer is needed (https://${4})." >&2
    exit 1
  fi
}

need Node.js 20.19 "$(node --version 2>/dev/null | tr -d v)" nodejs.org
need Go 1.26 "$(go env GOVERSION 2>/dev/null | sed 's/^go//; s/[-+ ].*//')" go.dev/dl
