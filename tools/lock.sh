#!/usr/bin/env bash
# Writes requirements/*.txt from pyproject.toml: versions and hashes of every file, no address of any registry.
set -euo pipefail
cd "$(dirname "$0")/.."

compile=("${PYTHON:-.venv/bin/python}" -m piptools compile --quiet --no-header --strip-extras --allow-unsafe
  --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links "$@")

"${compile[@]}" --output-file requirements/runtime.txt pyproject.toml requirements/build.in
"${compile[@]}" --extra test --constraint requirements/runtime.txt --output-file requirements/test.txt \
  pyproject.toml requirements/build.in
"${compile[@]}" --extra scan --constraint requirements/runtime.txt --output-file requirements/scan.txt \
  pyproject.toml requirements/build.in
