#!/usr/bin/env bash
# Makes the environment of this checkout: the pinned libraries of one or more locks, and Concord itself, editable.
# Usage: tools/setup.sh FOLDER LOCK...   Does nothing when the folder already holds what the locks say.
set -euo pipefail

folder=$1
shift
python=${PYTHON:-python3}
stamp=$folder/.installed-$(basename "${!#}")
wanted=$(cat "$@" pyproject.toml | cksum)

if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    exit 0
fi

if ! command -v "$python" >/dev/null; then
    echo "Concord needs Python 3.11 or newer, and there is no '$python'. On Debian, as root: apt-get install python3-venv" >&2
    exit 2
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Concord needs Python 3.11 or newer; '$python' is $("$python" -V 2>&1). Name another one: make setup PYTHON=python3.12" >&2
    exit 2
fi
if ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then  # none yet, or one that was cut off while it was made
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        echo "Python's venv module is missing. On Debian it is a package of its own; as root: apt-get install python3-venv" >&2
        exit 2
    fi
    echo "Making an environment in $folder with $("$python" -V)"
    "$python" -m venv "$folder"
fi

for lock in "$@"; do
    echo "Installing the libraries of $lock into $folder, each checked against its hash"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
done
echo "Installing Concord itself into $folder, editable: it runs from this checkout"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
echo "$wanted" >"$stamp"
