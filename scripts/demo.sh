#!/usr/bin/env bash
# Start the example project on this machine: environment, database, sample images, a user, and the site.
set -euo pipefail
cd "$(dirname "$0")/.."
port=${PORT:-8000}

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
if taken; then
    echo "Port $port is taken. Choose another: make demo PORT=$((port + 1))" >&2
    exit 1
fi

scripts/venv.sh all,demo
.venv/bin/python scripts/frontend.py
manage() { .venv/bin/python example_project/manage.py "$@"; }

echo '==> Migrating the database'
manage migrate --verbosity 0
echo '==> Loading the sample images'
manage load_samples
echo "==> The staff user"
manage create_demo_user

# Only this machine can reach it: the site is in debug mode. Ctrl-C ends it; a second run keeps the data.
cat <<TEXT

    Gallery    http://127.0.0.1:$port/
    API        http://127.0.0.1:$port/api/docs/
    Admin      http://127.0.0.1:$port/admin/

TEXT
# The largest sample is made while the others can be looked at; it ends with the site.
(sleep 5; nice -n 19 .venv/bin/python example_project/manage.py load_samples --large >/dev/null) &
exec .venv/bin/python example_project/manage.py runserver "127.0.0.1:$port"
