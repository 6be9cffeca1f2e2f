#!/usr/bin/env bash
# Build the wheel, install it with [rasterio] into a new environment, and use it from outside the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
rm -rf build dist .tox/wheel
.venv/bin/python -m build --wheel --outdir dist .
wheel=$(echo dist/*.whl)

.venv/bin/python -m venv .tox/wheel
python=$root/.tox/wheel/bin/python
"$python" -m pip install --disable-pip-version-check --quiet "$wheel[rasterio]"
"$python" -m pip check

export DJANGO_SETTINGS_MODULE=minimal_settings PYTHONPATH=$root/scripts
cd /
"$python" -m django check --fail-level WARNING
# Colour maps have the colours that they have in the suite, where matplotlib is installed.
"$python" "$root/scripts/check_package.py" --without matplotlib --outside "$root/django_large_image"
