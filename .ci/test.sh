#!/usr/bin/env bash
# Builds everything and runs every test: as whoever calls it and, where that is root, once more as an ordinary user, on a
# newer JDK if there is one.
# As root it installs from Debian what the tests need and is missing; as an ordinary user it says what is.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  attr binutils binutils-aarch64-linux-gnu btrfs-progs buildah busybox-static bzip2 crun docker-registry docker.io
  libc-l10n libcap2-bin linux-libc-dev locales mmdebstrap openssl passt podman python3 runc skopeo slirp4netns strace uidmap umoci xfsprogs xz-utils zstd
)
command -v mvn >/dev/null || packages+=(maven)
command -v javac >/dev/null || packages+=(openjdk-17-jdk-headless)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
  if ((EUID == 0)); then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    echo "tests that need one of these are skipped; as root: apt-get install --no-install-recommends ${missing[*]}" >&2
  fi
fi

user=cooper-test
if ((EUID == 0)); then
  # As udev makes it: without it an ordinary user's command has no private network.
  [[ ! -c /dev/net/tun ]] || chmod 0666 /dev/net/tun
  # An ordinary user with subordinate ids, whom some of root's tests need too.
  id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user"
  for kind in uid gid; do
    grep -q "^$user:" "/etc/sub$kind" || usermod "--add-sub${kind}s" 300000-365535 "$user"
  done
fi

mvn -B -ntp verify

if ((EUID != 0)); then
  exit 0
fi

# All once more, as an ordinary user: the case that most users are in.
stage=$(mktemp -d /var/tmp/cooper-tests.XXXXXX)
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/tmp" "$stage/target"
for module in oci-format core runtime-linux; do
  mkdir "$stage/$module"
  cp -r "$module/target/classes" "$module/target/test-classes" "$stage/$module"
done
cp -r runtime-linux/target/test-libs "$stage/libs"
rm "$stage"/libs/cooper-*.jar
chmod -R a+rX "$stage"
chown -R "$user" "$stage/tmp" "$stage/target"
home=$(getent passwd "$user" | cut -d: -f6)
classpath=$stage/libs/*
for module in oci-format core runtime-linux; do
  classpath=$stage/$module/classes:$stage/$module/test-classes:$classpath
done

# as_user JAVA MODULES PATTERN [OPTION…]: the test classes of these modules whose names match.
as_user() {
  local java=$1 modules=$2 pattern=$3 roots=
  shift 3
  for module in $modules; do
    roots=$roots${roots:+:}$stage/$module/test-classes
  done
  (
    cd "$stage"
    setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups \
      env -i CI="${CI:-}" HOME="$home" USER="$user" LOGNAME="$user" LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      "$java" "$@" -Xmx512m -Djava.io.tmpdir="$stage/tmp" -cp "$classpath" \
      org.junit.platform.console.ConsoleLauncher execute \
      --scan-classpath "$roots" --include-classname "$pattern" --details=summary --disable-banner --fail-if-no-tests
  )
}

# On a newer JDK if this machine has one, with the unit tests: so both JDKs run all, and both kinds of user.
newer=
for home_of_java in /usr/lib/jvm/*; do
  version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home_of_java/release" 2>/dev/null || true)
  if [[ -x $home_of_java/bin/java ]] && ((${version:-0} >= 25)); then
    newer=$home_of_java/bin/java
  fi
done
if [[ -z $newer ]]; then
  echo "the integration tests as the ordinary user $user; no JDK 25 or newer lies in /usr/lib/jvm: nothing is tested on one" >&2
  as_user "$(command -v java)" runtime-linux '.*IT'
  [[ -z ${CI:-} ]]
  exit
fi
echo "all tests as the ordinary user $user with $("$newer" -version 2>&1 | sed -n 1p)"
# Podman and buildah want more of an ordinary user's session than there is here.
as_user "$newer" 'oci-format core runtime-linux' '(?!.*Peers?IT).*(Test|IT)' \
  --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow
