#!/bin/bash
# Measures Cooper and its peers side by side, in turns (A B A B), and prints the medians.
#
#   samples/bench.sh [ROW…]     rows: run-true ten-runs copy gzip unpack jib-cold jib-warm
#                                     pull pull-warm push push-again jib-push jib-push-again
#                               only where it is named: many-files
#
# many-files has no peer: it runs and commits without an overlay (isolation chroot) on a base of FILES=n
# (700000) small files, and prints what each step took. Have TMPDIR on a file system with 10 GB for it.
# Needs root, for buildah's chroot isolation and umoci. RUNS=n (5) and BIG_RUNS=n (3) say how often,
# SHARE=directory what is copied (/usr/share), HEAP=128m how much each of Cooper's JVMs gets. All
# that it makes lies in one directory below $TMPDIR (/var/tmp), which it removes.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

rows=${*:-run-true ten-runs copy gzip unpack jib-cold jib-warm pull pull-warm push push-again jib-push jib-push-again}
runs=${RUNS:-5} big=${BIG_RUNS:-3} share=${SHARE:-/usr/share} heap=${HEAP:-128m}
[ "$(id -u)" = 0 ] || die "run it as root: buildah's chroot isolation and umoci unpack need it"
for tool in buildah umoci mmdebstrap skopeo docker-registry; do has $tool || install $tool; done
build

work=$(mktemp -d "${TMPDIR:-/var/tmp}/cooper-bench.XXXXXX")
finish() {
  stop_registry
  b rm --all >/dev/null 2>&1 || true
  umount "$work"/buildah*/overlay 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap finish EXIT

flags=(-Xmx"$heap" -XX:+UseSerialGC -Xshare:auto)
export COOPER_STORE=$work/store

cooper() { java "${flags[@]}" -cp "$classpath" dev.cooper.samples.bench.Benchmark "$@"; }
# A process of a second or less gains nothing from the second compiler.
short() (
  flags+=(-XX:TieredStopAtLevel=1)
  cooper "$@"
)
b() { buildah --storage-driver overlay --root "$work/buildah" --runroot "$work/run" "$@"; }

# What a command took, in nanoseconds, as a line of a file.
timed() {
  local to=$1 began
  shift
  sync # what the one before has left to write is not this one's to wait for
  began=$(date +%s%N)
  "$@" >"$work/output" 2>&1 || { cat "$work/output" >&2; die "failed: $*"; }
  echo $(($(date +%s%N) - began)) >>"$to"
}

# ROW OURS PEER NAME BAR: the medians in milliseconds, the ratio, the spreads.
report() {
  awk -v row="$1" -v peer="$4" -v bar="$5" '
    function sort(a, n,  i, j, t) {
      for (i = 2; i <= n; i++) for (j = i; j > 1 && a[j] < a[j-1]; j--) { t = a[j]; a[j] = a[j-1]; a[j-1] = t }
    }
    function median(a, n) { return n % 2 ? a[(n+1)/2] : (a[n/2] + a[n/2+1]) / 2 }
    FNR == NR { x[++n] = $1 / 1e6; next }
    { y[++m] = $1 / 1e6 }
    END {
      sort(x, n); sort(y, m)
      printf "| %s | %.1f ms (%.1f-%.1f) | %s: %.1f ms (%.1f-%.1f) | %.1f | %s |\n",
        row, median(x, n), x[1], x[n], peer, median(y, m), y[1], y[m], median(y, m) / median(x, n), bar
    }' "$2" "$3"
}

# ROW BAR: the most memory that any of our processes of a row had, in MiB.
peak() {
  printf '| %s, peak memory | %d MiB | | | %s |\n' "$1" \
    "$(sort -n "$work/$1.peak" | awk 'END { print int(($1 + 1023) / 1024) }')" "$2"
}

debian() {
  [ -e "$work/debian.tar" ] && return
  if [ -n "${BASE:-}" ]; then
    cp "$BASE" "$work/debian.tar"
  else
    say "making a Debian root filesystem"
    mmdebstrap --quiet --variant=minbase bookworm "$work/debian.tar"
  fi
  cooper load "rootfs:$work/debian.tar" debian "$work/base.tar"
  local c
  c=$(b from scratch)
  b add -q "$c" "$work/debian.tar" / >/dev/null
  b commit -q "$c" localhost/debian >/dev/null
  b rm "$c" >/dev/null
}

run_true() {
  debian
  local c began
  c=$(b from localhost/debian)
  b run --isolation chroot "$c" true
  cooper run-true debian 50 >"$work/run-true.ours"
  for _ in $(seq 50); do timed "$work/run-true.peer" b run --isolation chroot "$c" true; done
  b rm "$c" >/dev/null
  report run-true "$work/run-true.ours" "$work/run-true.peer" "buildah run" "30, under 6 ms"
}

ten_runs() {
  debian
  cooper run-true debian 1 >/dev/null # unpacks the base, as buildah has
  { echo FROM localhost/debian; for _ in $(seq 10); do echo RUN true; done; } >"$work/Dockerfile"
  for _ in $(seq "$runs"); do
    timed "$work/ten-runs.ours" short ten-runs debian
    timed "$work/ten-runs.peer" b bud --isolation chroot --layers --no-cache --pull=never -t ten -f "$work/Dockerfile" "$work/run"
  done
  report ten-runs "$work/ten-runs.ours" "$work/ten-runs.peer" "buildah bud" 5
}

buildah_copy() {
  local c
  c=$(b from scratch)
  b copy -q "$c" "$share" "$share" >/dev/null
  b commit -q "$c" localhost/share >/dev/null
  b rm "$c" >/dev/null
}

copied() {
  for _ in $(seq "$1"); do
    rm -rf "$work/share-store"
    COOPER_STORE=$work/share-store timed "$work/copy.ours" cooper copy "$share"
    b rmi -f localhost/share >/dev/null 2>&1 || true
    timed "$work/copy.peer" buildah_copy
  done
}

copy() {
  rm -f "$work"/copy.*
  copied "$big"
  say "$(find "$share" | wc -l) files, $(du -sm "$share" | cut -f1) MiB"
  report copy "$work/copy.ours" "$work/copy.peer" "buildah copy + commit" 6
}

gzip_row() {
  [ -d "$work/share-store" ] || copied 1
  for _ in $(seq "$big"); do
    # A layer that was compressed before is kept: every run compresses it anew.
    rm -f "$work/ours.tar" "$work/peer.tar" "$work"/share-store/layers/*.gzip-*
    COOPER_STORE=$work/share-store timed "$work/gzip.ours" cooper gzip "$work/ours.tar"
    timed "$work/gzip.peer" b push -q localhost/share "oci-archive:$work/peer.tar"
  done
  local ours peer
  ours=$(stat -c %s "$work/ours.tar") peer=$(stat -c %s "$work/peer.tar")
  report gzip "$work/gzip.ours" "$work/gzip.peer" "buildah push oci-archive:" 1
  printf '| gzip, size | %d bytes | buildah: %d bytes | %s | 0.95 |\n' "$ours" "$peer" \
    "$(awk -v a="$ours" -v b="$peer" 'BEGIN { printf "%.3f", b / a }')"
}

unpack() {
  [ -e "$work/ours.tar" ] || { BIG_RUNS=1; gzip_row >/dev/null; }
  mkdir "$work/layout"
  tar -xf "$work/ours.tar" -C "$work/layout"
  local name
  name=$(tr -d ' \n' <"$work/layout/index.json" | sed -n 's/.*"org.opencontainers.image.ref.name":"\([^"]*\)".*/\1/p')
  # Each into a place of its own: ext4 searches long for inodes after many were removed.
  for i in $(seq "$big"); do
    COOPER_STORE=$work/unpack-store-$i timed "$work/unpack.ours" cooper unpack "$work/layout"
    timed "$work/unpack.peer" umoci unpack --image "$work/layout:$name" "$work/bundle-$i"
  done
  report unpack "$work/unpack.ours" "$work/unpack.peer" "umoci unpack" 2
}

jib() {
  java "${flags[@]}" -cp "$classpath:$samples/target/jib/*" dev.cooper.samples.bench.JibComparison \
    "$1" "$2" "$work/base.tar" "$application" "$work/jib" >"$work/jib.times"
  rm -rf "$work/jib"
}

jib_prepare() {
  debian
  application=$(ls "$samples"/target/cooper-samples-*.jar | head -n 1)
}

jib_cold() {
  jib_prepare
  for _ in $(seq "$runs"); do
    for which in cooper jib; do
      mkdir "$work/jib"
      jib $which 1
      cut -d' ' -f2 "$work/jib.times" >>"$work/jib-cold.$which"
    done
  done
  report jib-cold "$work/jib-cold.cooper" "$work/jib-cold.jib" "jib-core" 1
}

jib_warm() {
  jib_prepare
  mkdir "$work/jib"
  jib cooper 20
  for which in cooper jib; do
    sed -n "s/^$which //p" "$work/jib.times" | tail -n 10 >"$work/jib-warm.$which"
  done
  report jib-warm "$work/jib-warm.cooper" "$work/jib-warm.jib" "jib-core" 1
}

# A registry of its own, with nothing in it.
registry=127.0.0.1:5987
registry_pid=
start_registry() {
  stop_registry
  rm -rf "$work/registry"
  cat >"$work/registry.yml" <<EOF
version: 0.1
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: "$registry"}
EOF
  docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
  registry_pid=$!
  for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/${registry/:/\/}") 2>/dev/null && return
    sleep 0.1
  done
  die "docker-registry did not start: $(cat "$work/registry.log")"
}
stop_registry() {
  [ -z "${registry_pid:-}" ] && return
  kill "$registry_pid"
  wait "$registry_pid" 2>/dev/null || true
  registry_pid=
}

skopeo_umoci() {
  skopeo copy -q --src-tls-verify=false "docker://$registry/share" "oci:$work/skopeo-$1:share"
  umoci unpack --image "$work/skopeo-$1:share" "$work/pull-bundle-$1"
}
buildah_pull() {
  buildah --storage-driver overlay --root "$work/buildah-$1" --runroot "$work/run-$1" pull -q --tls-verify=false "$registry/share"
}

pulls() {
  [ -e "$work/pull.ours" ] && return
  [ -d "$work/share-store" ] || copied 1
  start_registry
  b push -q --tls-verify=false localhost/share "docker://$registry/share"
  for i in $(seq "$big"); do
    BENCH_PEAK=$work/pull.peak COOPER_STORE=$work/pull-store-$i timed "$work/pull.ours" cooper pull "$registry/share"
    timed "$work/pull.peer" buildah_pull "$i"
    timed "$work/pull.umoci" skopeo_umoci "$i"
  done
  mkdir "$work/warm"
  BENCH_PEAK=$work/pull-warm.peak cooper pull-warm "$registry/share" "$work/warm" >"$work/pull-warm.ours"
}

pull() {
  pulls
  report pull "$work/pull.ours" "$work/pull.peer" "buildah pull" 3
  report pull "$work/pull.ours" "$work/pull.umoci" "skopeo copy + umoci unpack" 1.5
  peak pull "256 MiB"
}

pull_warm() {
  pulls
  report pull-warm "$work/pull-warm.ours" "$work/pull.peer" "buildah pull" 3
  report pull-warm "$work/pull-warm.ours" "$work/pull.umoci" "skopeo copy + umoci unpack" 1.5
  peak pull-warm "256 MiB"
}

pushes() {
  [ -e "$work/push.ours" ] && return
  [ -d "$work/share-store" ] || copied 1
  for _ in $(seq "$big"); do
    start_registry
    rm -f "$work"/share-store/layers/*.gzip-*
    BENCH_PEAK=$work/push.peak COOPER_STORE=$work/share-store timed "$work/push.ours" cooper push share "$registry/share"
    BENCH_PEAK=$work/push-again.peak COOPER_STORE=$work/share-store cooper push-again share "$registry/share" >>"$work/again.ours"
    start_registry
    timed "$work/push.peer" b push -q --tls-verify=false localhost/share "docker://$registry/share"
    timed "$work/again.peer" b push -q --tls-verify=false localhost/share "docker://$registry/share"
  done
}

push() {
  pushes
  report push "$work/push.ours" "$work/push.peer" "buildah push" 1
  peak push "256 MiB"
}

push_again() {
  pushes
  report push-again "$work/again.ours" "$work/again.peer" "buildah push" 5
  peak push-again "256 MiB"
}

jib_push_one() {
  (
    flags+=(-XX:TieredStopAtLevel=1)
    java "${flags[@]}" -cp "$classpath:$samples/target/jib/*" dev.cooper.samples.bench.PushComparison \
      "$1" "$registry" "$application" "$work/push-caches/$1"
  )
}

jib_pushes() {
  [ -e "$work/jib-push.cooper" ] && return
  jib_prepare
  for _ in $(seq "$runs"); do
    for which in cooper jib; do
      start_registry
      b push -q --tls-verify=false localhost/debian "docker://$registry/base"
      rm -rf "$work/push-caches"
      BENCH_PEAK=$work/jib-push.peak timed "$work/jib-push.$which" jib_push_one $which
      timed "$work/jib-push-again.$which" jib_push_one $which
    done
  done
}

jib_push() {
  jib_pushes
  report jib-push "$work/jib-push.cooper" "$work/jib-push.jib" "jib-core" 1
  peak jib-push "256 MiB"
}

jib_push_again() {
  jib_pushes
  report jib-push-again "$work/jib-push-again.cooper" "$work/jib-push-again.jib" "jib-core" 1
}

# A thousand files a directory, and a shell.
many_tar() {
  python3 - "$1" "${FILES:-700000}" <<'EOF'
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w", format=tarfile.USTAR_FORMAT) as tar:
    def add(name, kind, mode, data=b"", link=""):
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.size, entry.linkname = kind, mode, len(data), link
        tar.addfile(entry, io.BytesIO(data))
    for name in "bin", "etc", "tmp":
        add(name, tarfile.DIRTYPE, 0o755)
    add("bin/busybox", tarfile.REGTYPE, 0o755, open("/bin/busybox", "rb").read())
    for name in "sh", "true", "rm":
        add("bin/" + name, tarfile.SYMTYPE, 0o777, link="busybox")
    for number in range(int(sys.argv[2])):
        if number % 1000 == 0:
            directory = "d%d" % (number // 1000)
            add(directory, tarfile.DIRTYPE, 0o755)
        add("%s/f%d" % (directory, number % 1000), tarfile.REGTYPE, 0o644, b"file %d\n" % number)
EOF
}

many_files() {
  has busybox || install busybox-static
  has python3 || install python3
  many_tar "$work/many.tar"
  cooper load "rootfs:$work/many.tar" many "$work/many-docker.tar"
  rm "$work/many.tar" "$work/many-docker.tar"
  COOPER_ISOLATION=chroot cooper many-files many | while IFS= read -r line; do printf '| many-files | %s | | | |\n' "$line"; done
}

say "Cooper's JVMs: java ${flags[*]} (ten-runs: and -XX:TieredStopAtLevel=1); $(nproc) cores; $(java -version 2>&1 | head -n 1); $(buildah --version); $(umoci --version | head -n 1)"
echo "| row | Cooper: median (least-most) | peer: median (least-most) | times faster | bar |"
echo "|---|---|---|---|---|"
for row in $rows; do
  case $row in
    run-true) run_true ;;
    ten-runs) ten_runs ;;
    copy) copy ;;
    gzip) gzip_row ;;
    unpack) unpack ;;
    jib-cold) jib_cold ;;
    jib-warm) jib_warm ;;
    pull) pull ;;
    pull-warm) pull_warm ;;
    push) push ;;
    push-again) push_again ;;
    jib-push) jib_push ;;
    jib-push-again) jib_push_again ;;
    many-files) many_files ;;
    *) die "no row is called $row" ;;
  esac
done
