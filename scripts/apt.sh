#!/usr/bin/env bash
# Install Debian packages where that is possible, else say what is missing: apt.sh PACKAGE...
set -euo pipefail
if ! command -v apt-get >/dev/null; then
    echo "This system has no apt-get. Please install what Debian calls: $*" >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "Not installed, for want of root: $* (sudo apt-get install $*)" >&2
    exit 1
fi
echo "==> apt-get install $*"
export DEBIAN_FRONTEND=noninteractive
# One of the machine's other package sources may be down: what matters is whether the packages install.
apt-get -q update >/dev/null || echo 'apt-get update failed, going on with the lists there are' >&2
apt-get -q install -y --no-install-recommends "$@" >/dev/null
