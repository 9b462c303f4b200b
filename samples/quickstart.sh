#!/bin/bash
# Builds an image and runs a command in it, as root or as an ordinary user, without any registry.
#
#   samples/quickstart.sh [REFERENCE]
#
# REFERENCE is what to begin from: an image of the store, oci:DIRECTORY[:NAME], oci-archive:FILE,
# docker-archive:FILE or rootfs:TARBALL-OR-DIRECTORY. Without one it is a root filesystem of busybox.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# Cooper maps a range of ids for an ordinary user, with the setuid programs of the package uidmap.
[ "$(id -u)" = 0 ] || has newuidmap || die "missing: as root, apt-get install uidmap"
build

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

busybox_root() {
  has busybox || install busybox-static
  local busybox root=$work/root library
  busybox=$(command -v busybox)
  mkdir -p "$root/bin" "$root/etc" "$root/root" "$root/tmp"
  chmod 1777 "$root/tmp"
  cp "$busybox" "$root/bin/busybox"
  for library in $(ldd "$busybox" 2>/dev/null | grep -o '/[^ ]*'); do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
  for applet in $("$busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  tar -C "$root" --owner=0 --group=0 --numeric-owner -cf "$work/busybox.tar" .
  echo "rootfs:$work/busybox.tar"
}

if [ -w . ]; then archive=$PWD/quickstart.tar; else archive=$(mktemp -d)/quickstart.tar; fi
export COOPER_STORE=${COOPER_STORE:-${XDG_DATA_HOME:-$HOME/.local/share}/cooper/store}
java -cp "$classpath" dev.cooper.samples.Quickstart "${1:-$(busybox_root)}" "$archive"
echo "The image lies in the store $COOPER_STORE and in $archive."
