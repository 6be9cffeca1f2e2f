#!/usr/bin/env bash
# Build the source distribution and the wheel into dist/ and check them; with a tag, check that it says what they are:
# dist.sh [vX.Y.Z]
set -euo pipefail
cd "$(dirname "$0")/.."
tag=${1:-}
version=$(sed -n "s/^__version__ = '\(.*\)'$/\1/p" django_large_image/__init__.py)
if [ -n "$tag" ]; then
    if [ "$tag" != "v$version" ]; then
        echo "The tag $tag is not that of version $version; django_large_image/__init__.py says the version." >&2
        exit 1
    fi
    if ! grep -qE "^## $version, [0-9]{4}-[0-9]{2}-[0-9]{2}$" CHANGELOG.md; then
        echo "CHANGELOG.md has no line '## $version, YYYY-MM-DD'." >&2
        exit 1
    fi
fi
rm -rf build dist
# The wheel is made of the source distribution, so that this one is known to be complete.
.venv/bin/python -m build --outdir dist .
.venv/bin/python -m twine check --strict dist/*
# They hold the viewers; whoever installs them has no Node.js.
sdist=$(tar -tzf dist/*.tar.gz)
wheel=$(.venv/bin/python -m zipfile -l dist/*.whl)
for bundle in viewer.js globe.js proj4.js; do
    path=django_large_image/static/django_large_image/$bundle
    grep -q "/$path$" <<<"$sdist" || { echo "The source distribution has no $bundle." >&2; exit 1; }
    grep -q "^$path " <<<"$wheel" || { echo "The wheel has no $bundle." >&2; exit 1; }
done
ls -l dist
