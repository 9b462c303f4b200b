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
  has javac || install openjdk-17-jdk-headless
  if ! ls "$samples"/target/cooper-samples-*.jar >/dev/null 2>&1 || [ ! -d "$samples/target/lib" ]; then
    has mvn || install maven
    say "building the project"
    (cd "$project" &&
      mvn -q -B -DskipTests -DskipITs -Dmaven.javadoc.skip=true -Dspotless.check.skip=true install) ||
      die "the project does not build"
  fi
  classpath=$(ls "$samples"/target/cooper-samples-*.jar | head -n 1):$samples/target/lib/*
}
