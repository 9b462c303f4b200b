#!/bin/bash
# Starts JShell with Cooper: samples/jshell.sh [JSHELL'S ARGUMENTS]
set -euo pipefail
. "$(dirname "$0")/lib.sh"
build
has jshell || install openjdk-17-jdk-headless
exec jshell --class-path "$(printf "%s:" "$samples"/target/cooper-samples-*.jar "$samples"/target/lib/*.jar)" \
  --startup DEFAULT --startup "$samples/cooper.jsh" "$@"
