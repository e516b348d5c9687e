#!/usr/bin/env bash
# Pins what pyproject.toml asks for, with hashes, for every Python from 3.11 on and every system.
# Usage: tools/lock.sh BIN [--upgrade]   Without --upgrade, pins that still fit are kept.
set -euo pipefail

uv=$(command -v uv || echo "$1/uv")
shift
if [[ ! -x $uv ]]; then
    echo "uv makes the locks, and it is not here. See its own page for how to install it, or: pipx install uv" >&2
    exit 2
fi

compile() {
    # No index and no folder of packages is written down: whoever installs uses the registry they trust.
    "$uv" pip compile --quiet --no-config --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
        --python-version 3.11 --custom-compile-command "make lock" "$@"
}

compile --extra dev --output-file requirements.lock "${@}" pyproject.toml
compile --constraint requirements.lock --output-file requirements-run.lock "${@}" pyproject.toml  # for containers
compile --extra bench --constraint requirements.lock --output-file requirements-bench.lock "${@}" pyproject.toml
for wanted in admin/demo/servers/locks/*.in tests/servers/locks/*.in; do  # real servers, each in an environment of its own
    compile --output-file "${wanted%.in}.lock" "${@}" "$wanted"
done
