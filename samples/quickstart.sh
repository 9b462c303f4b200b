#!/bin/bash
# Builds an image and runs a command in it, as root or as an ordinary user, without any registry.
#
#   samples/quickstart.sh [REFERENCE]
#
# REFERENCE is what to begin from: an image of the store, oci:DIRECTORY[:NAME], oci-archive:FILE,
# docker-archive:FILE or rootfs:TARBALL-OR-DIRECTORY. Without one it is a root filesystem of this
# machine's own shell, a few of its programs and the libraries that they need.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# Whether this user has a range of ids in a file, by name or by number.
has_ids() { grep -qs -e "^$(id -un):" -e "^$(id -u):" "$1"; }

# An ordinary user without subordinate ids, or without the setuid programs that map them, has one id.
if [ "$(id -u)" != 0 ] && [ -z "${COOPER_IDS:-}" ]; then
  if ! has newuidmap || ! has newgidmap || ! has_ids /etc/subuid || ! has_ids /etc/subgid; then
    say "no subordinate ids for $(id -un), or no newuidmap: building with the user's own id alone (COOPER_IDS=single)"
    export COOPER_IDS=single
  fi
fi
build

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Makes $work/root.tar. Each program lies in /bin, its libraries and its loader where it looks for them.
make_root() {
  local root=$work/root program path library
  mkdir -p "$root/bin" "$root/etc" "$root/root" "$root/tmp"
  chmod 1777 "$root/tmp"
  for program in sh cat chmod cp date env grep head id ln ls mkdir mv rm sleep tail touch uname wc; do
    path=$(command -v "$program") || die "cannot make a root filesystem: this machine has no $program; name an image to begin from"
    cp -L "$path" "$root/bin/$program"
    for library in $(ldd "$path" 2>/dev/null | grep -o '/[^ ]*'); do
      mkdir -p "$root$(dirname "$library")"
      [ -e "$root$library" ] || cp -L "$library" "$root$library"
    done
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  tar -C "$root" --owner=0 --group=0 --numeric-owner -cf "$work/root.tar" .
}

from=${1:-}
if [ -z "$from" ]; then
  make_root
  from=rootfs:$work/root.tar
fi
if [ -w . ]; then archive=$PWD/quickstart.tar; else archive=$(mktemp -d)/quickstart.tar; fi
export COOPER_STORE=${COOPER_STORE:-${XDG_DATA_HOME:-$HOME/.local/share}/cooper/store}
java -cp "$classpath" dev.cooper.samples.Quickstart "$from" "$archive"
echo "The image lies in the store $COOPER_STORE and in $archive."
