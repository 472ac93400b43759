#!/bin/sh
# Creates the namespace TEMPORAL_NAMESPACE with the search attributes of a build, on the
# server at TEMPORAL_ADDRESS. What is there already stays, so it may run again. A server
# that is still starting, or does not know its new namespace yet, is asked again.
set -eu

tries=60

again() { # COMMAND...
  attempt=1
  until "$@"; do
    if [ "$attempt" -ge "$tries" ]; then
      echo "gave up after $attempt tries: $*" >&2
      return 1
    fi
    attempt=$((attempt + 1))
    sleep 1
  done
}

namespace() {
  temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 72h
}

search_attributes() {
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
    --name KilnName --type Keyword \
    --name KilnRegion --type Keyword \
    --name KilnState --type Keyword \
    --name KilnImageId --type Keyword
}

again namespace
again search_attributes
