#!/usr/bin/env bash
# Make sure that .venv has this package, editable, with the given extras: venv.sh all,test
# A second run with nothing changed is immediate: what was installed is noted in .venv/installed.
set -euo pipefail
cd "$(dirname "$0")/.."
extras=$1
venv=.venv

usable() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; }

find_python() {
    local name
    for name in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
        if usable "$name"; then
            echo "$name"
            return
        fi
    done
    echo 'No Python between 3.11 and 3.14 was found. Install one, or name it: make PYTHON=/path/to/python3.12' >&2
    return 1
}

python=$venv/bin/python
if ! usable "$python"; then
    base=$(find_python)
    echo "==> Creating $venv with $("$base" --version)"
    rm -rf "$venv"
    if ! "$base" -m venv "$venv" >/dev/null 2>&1; then
        # Debian keeps ensurepip in a package of its own.
        scripts/apt.sh python3-venv
        rm -rf "$venv"
        "$base" -m venv "$venv"
    fi
fi

# What decides the installation: the declared dependencies and the interpreter.
wanted=$(cat setup.py pyproject.toml <("$python" --version) | cksum)
if [ "$(head -n 1 $venv/installed 2>/dev/null)" = "$wanted" ]; then
    have=$(tail -n +2 $venv/installed)
else
    have=
fi

missing=
for extra in ${extras//,/ }; do
    grep -qxF "$extra" <<<"$have" || missing+="${missing:+,}$extra"
done
[ -n "$missing" ] || exit 0

echo "==> Installing django-large-image[$missing] into $venv (the first time this takes a minute or two)"
# Quiet, but not silent: pip still names the packages that it takes.
"$python" -m pip install --disable-pip-version-check --editable ".[$missing]" |
    { grep --line-buffered -E '^(Collecting|Installing|Successfully)' || true; } | cut -c1-110
printf '%s\n' "$wanted" ${have:+$have} ${missing//,/ } >$venv/installed
