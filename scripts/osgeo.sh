#!/usr/bin/env bash
# Have what compiles osgeo's Python bindings: libgdal with its headers, and a C++ compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
packages=()
command -v gdal-config >/dev/null || packages+=(libgdal-dev)
command -v g++ >/dev/null || packages+=(g++)
.venv/bin/python -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null ||
    packages+=(python3-dev)
[ ${#packages[@]} = 0 ] || scripts/apt.sh "${packages[@]}"
echo "==> libgdal $(gdal-config --version)"
