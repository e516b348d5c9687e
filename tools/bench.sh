#!/usr/bin/env bash
# Runs every measure of bench/ that can be run by itself, one after the other, with the given Python.
set -euo pipefail

python=$1
for file in bench/*.py; do
    if grep -q '__name__ == "__main__"' "$file"; then
        echo "== $file"
        "$python" -m "bench.$(basename "$file" .py)"
    fi
done
