#!/usr/bin/env bash
# Runs every measure of bench/ one after the other, with the given Python.
# A measure is a module that runs by itself and that no other measure starts for its own ends, as a server or a child.
set -euo pipefail

python=$1
for file in bench/*.py; do
    name=$(basename "$file" .py)
    if grep -q '__name__ == "__main__"' "$file" && ! grep -l "bench\.$name\b" bench/*.py | grep -qvx "$file"; then
        echo "== $file"
        "$python" -m "bench.$name"
    fi
done
