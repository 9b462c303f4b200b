#!/usr/bin/env bash
# Builds everything and runs every test: as whoever calls it and, where that is root, once more as an ordinary user.
# As root it installs from Debian what the tests need and is missing; as an ordinary user it says what is.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  attr binutils binutils-aarch64-linux-gnu btrfs-progs buildah busybox-static bzip2 crun docker-registry docker.io
  libcap2-bin linux-libc-dev mmdebstrap openssl passt podman python3 runc skopeo slirp4netns strace uidmap umoci xfsprogs xz-utils zstd
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

# As udev makes it: without it an ordinary user's command has no private network.
if ((EUID == 0)) && [[ -c /dev/net/tun ]]; then
  chmod 0666 /dev/net/tun
fi

mvn -B -ntp verify

if ((EUID != 0)); then
  exit 0
fi

# The same integration tests once more, as an ordinary user with subordinate ids: the case that most users are in.
user=cooper-test
id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user"
for kind in uid gid; do
  grep -q "^$user:" "/etc/sub$kind" || usermod "--add-sub${kind}s" 300000-365535 "$user"
done
stage=$(mktemp -d /var/tmp/cooper-tests.XXXXXX)
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/tmp"
cp -r runtime-linux/target/classes runtime-linux/target/test-classes runtime-linux/target/test-libs "$stage"
chmod -R a+rX "$stage"
chown -R "$user" "$stage/tmp"
home=$(getent passwd "$user" | cut -d: -f6)
echo "the integration tests as the ordinary user $user"
cd "$stage"
setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups \
  env -i CI="${CI:-}" HOME="$home" USER="$user" LOGNAME="$user" LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  "$(command -v java)" -Xmx512m -Djava.io.tmpdir="$stage/tmp" -cp "$stage/classes:$stage/test-classes:$stage/test-libs/*" \
  org.junit.platform.console.ConsoleLauncher execute \
  --scan-classpath "$stage/test-classes" --include-classname '.*IT' --details=summary --disable-banner --fail-if-no-tests
