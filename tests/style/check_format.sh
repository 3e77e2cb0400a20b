#!/usr/bin/env bash
# check_format.sh CLANG_FORMAT SOURCE: every C++ file as .clang-format has it.
set -euo pipefail
cd "$2"
find src include jobs tests benchmarks \( -name '*.cpp' -o -name '*.hpp' \) -print0 | xargs -0 "$1" --dry-run -Werror
