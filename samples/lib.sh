# Sourced by the scripts beside it.

samples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname "$samples")

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# Installs packages as root; an ordinary user is told to have them installed.
install() {
  if [ "$(id -u)" = 0 ] && has apt-get; then
    say "installing $*"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2 ||
      { apt-get update -q >&2 &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2; } ||
      die "cannot install $*"
  else
    die "missing: install $* (as root: apt-get install $*)"
  fi
}

# A JDK of version 17 or newer and Maven, and the project's jars in samples/target/lib.
build() {
  local missing=() built= version
  ls "$samples"/target/cooper-samples-*.jar >/dev/null 2>&1 && [ -d "$samples/target/lib" ] && built=yes
  has javac || missing+=(openjdk-17-jdk-headless)
  [ -n "$built" ] || has mvn || missing+=(maven)
  ((${#missing[@]} == 0)) || install "${missing[@]}"
  version=$(javac -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 17 ] ||
    die "the JDK in the PATH is of version ${version:-unknown}, and Cooper needs 17 or newer: install openjdk-17-jdk-headless, or set PATH and JAVA_HOME"
  if [ -z "$built" ]; then
    say "building the project"
    (cd "$project" && mvn -q -B -Dmaven.test.skip=true -Dmaven.javadoc.skip=true -Dspotless.check.skip=true package) ||
      die "the project does not build"
  fi
  classpath=$(ls "$samples"/target/cooper-samples-*.jar | head -n 1):$samples/target/lib/*
}
