#!/usr/bin/env bash
# Builds everything and runs every test: as whoever calls it and, where that is root, once more as an ordinary user, on a
# newer JDK if there is one. As root it installs from Debian what the tests need and is missing; as an ordinary user it says
# what is. Reports lie in target/tests.
#
#   .ci/test.sh [PATTERN]    PATTERN selects the classes of tests by their full names
#
# Several JVMs share the test classes of a user (dev.cooper.suite.Worker). First come the tests without a tag,
# beside Maven from the moment on that their module is packaged; then the storms, which take all processors for themselves, and
# those tagged "alone", which look at what all JVMs of a host share.
set -euo pipefail
set -m # each job is a process group, to be ended as one
shopt -s nullglob
cd "$(dirname "$0")/.."
pattern=${1:-.*}
modules=(oci-format core runtime-linux)
user=cooper-test
reports=$PWD/target/tests

# --- what the tests need of the machine

packages=(
  attr binutils binutils-aarch64-linux-gnu btrfs-progs buildah busybox-static bzip2 crun docker-registry docker.io
  libc-l10n libcap2-bin linux-libc-dev locales mmdebstrap openssl passt podman python3 runc skopeo slirp4netns strace uidmap umoci xfsprogs xz-utils zstd
)
tools=()
command -v mvn >/dev/null || tools+=(maven)
command -v javac >/dev/null || tools+=(openjdk-17-jdk-headless)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done

install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null </dev/null
}

if ((EUID == 0)); then
  if ((${#missing[@]} + ${#tools[@]})); then
    apt-get update -qq
  fi
  if ((${#tools[@]})); then
    install "${tools[@]}"
  fi
  # As udev makes it: without it an ordinary user's command has no private network.
  [[ ! -c /dev/net/tun ]] || chmod 0666 /dev/net/tun
  # An ordinary user with subordinate ids, whom some of root's tests need too.
  id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user"
  for kind in uid gid; do
    grep -q "^$user:" "/etc/sub$kind" || usermod "--add-sub${kind}s" 300000-365535 "$user"
  done
elif ((${#missing[@]} + ${#tools[@]})); then
  echo "tests that need one of these are skipped; as root: apt-get install --no-install-recommends ${tools[*]} ${missing[*]}" >&2
fi

# --- a place that both users read

stage=$(mktemp -d /var/tmp/cooper-tests.XXXXXX)
cleanup() {
  local job
  for job in $(jobs -p); do
    kill -- "-$job" 2>/dev/null || true
  done
  wait || true
  if mountpoint -q "$stage"; then
    umount "$stage" || umount --lazy "$stage"
  fi
  rm -rf "$stage" "$stage.img"
}
trap cleanup EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
# A file system with a journal, as most hosts have. Some machines of builds have an ext4 without one, on which each new file
# costs a millisecond of the processor, as the kernel looks which inodes were freed a moment ago; the tests make a million files.
if ((EUID == 0)) && command -v mkfs.ext4 >/dev/null; then
  truncate -s 20G "$stage.img"
  if ! { mkfs.ext4 -q -E nodiscard "$stage.img" && mount -o loop,nodiscard "$stage.img" "$stage"; } 2>/dev/null; then
    rm -f "$stage.img"
  fi
fi
mkdir -p "$stage/libs" "$stage/logs"
for who in root user; do # where workers begin: TrampolineIT assembles sources, others write
  mkdir -p "$stage/$who/target" "$stage/$who/src/main"
  cp -r runtime-linux/src/main/asm "$stage/$who/src/main"
done
chmod 0755 "$stage"
if ((EUID == 0)); then
  chown -R "$user" "$stage/user"
fi
rm -rf "$reports"
mkdir -p "$reports"

# Packages, and a Debian for the tests that begin from one, while Maven compiles.
prepare() {
  if ((EUID == 0)); then
    ((${#missing[@]} == 0)) || install "${missing[@]}"
    touch "$stage/installed"
    # As AptIT makes it where it is given none; where this fails, it tries by itself and tells why.
    if SOURCE_DATE_EPOCH=1600000000 mmdebstrap --quiet --variant=minbase --mode=root \
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
      --aptopt='Acquire::Check-Valid-Until "false"' bookworm "$stage/making.tar" 2>"$stage/logs/debian"; then
      chmod a+r "$stage/making.tar"
      mv "$stage/making.tar" "$stage/debian.tar"
    fi
  fi
}
prepare &
prepared=$!

# --- the build, with all checks and the samples' tests

build() {
  mvn -B -ntp -Dtests.elsewhere=true verify 2>&1 | tee "$stage/logs/maven"
}
build &
built=$!

# Whether Maven has come to a module, and so is done with those before.
has_come_to() {
  grep -q "^\[INFO\] Building $1 " "$stage/logs/maven" 2>/dev/null
}

await_module() {
  until has_come_to "$1"; do
    kill -0 "$built" 2>/dev/null || return 0
    sleep 1
  done
}

stage_modules() {
  local module jar
  for module in "$@"; do
    [[ ! -d $stage/$module ]] || continue
    mkdir "$stage/$module"
    cp -r "$module/target/test-classes" "$stage/$module"
    for jar in "$module"/target/cooper-"$module"-*.jar; do
      [[ $jar == *-javadoc.jar || $jar == *-sources.jar ]] || cp "$jar" "$stage/$module/$module.jar"
    done
    if [[ -d $module/target/test-libs ]]; then
      cp -n "$module"/target/test-libs/*.jar "$stage/libs"
      rm -f "$stage"/libs/cooper-*.jar
    fi
  done
  chmod -R a+rX "$stage/libs" "${@/#/$stage/}"
}

# --- workers

newer=
for home_of_java in /usr/lib/jvm/*; do
  version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home_of_java/release" 2>/dev/null || true)
  if [[ -x $home_of_java/bin/java ]] && ((${version:-0} >= 25)); then
    newer=$home_of_java/bin/java
  fi
done
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
user_java=${newer:-$java}
unwarned=(${newer:+--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow})

# Each worker has its own processes, mounts and /tmp: several tests look for what is left of theirs on the whole host, and a worker
# that ends takes all with it. The shell is the first process, which has to collect orphans.
apart=()
if ((EUID == 0)) && unshare --pid --fork --kill-child --mount-proc true 2>/dev/null; then
  apart=(
    unshare --pid --fork --kill-child --mount-proc bash -c '
      temp=$(mktemp -d "$1/tmp.XXXXXX") && chmod 1777 "$temp" && mount --bind "$temp" /tmp || exit
      shift
      "$@"
      exit $?' worker "$stage"
  )
fi

as_user=()
if ((EUID == 0)); then
  as_user=(
    setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups
    env -i CI="${CI:-}" HOME="$(getent passwd "$user" | cut -d: -f6)" USER="$user" LOGNAME="$user" LANG=C.UTF-8
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  )
fi

# The second compiler compiles late: most of what tests run runs a few times only, and some, as a digest of a layer, very often.
compilers=(
  -XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=6000
  -XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000
)

# in_java WHO ARGUMENT…: as "root", which is whoever calls this, or as the ordinary "user", in a directory of theirs.
in_java() {
  local who=$1
  shift
  cd "$stage/$who"
  if [[ $who == root ]]; then
    exec "${apart[@]}" "$java" -Xmx512m "${compilers[@]}" "$@"
  fi
  exec "${apart[@]}" "${as_user[@]}" "$user_java" -Xmx512m "${compilers[@]}" "${unwarned[@]}" "$@"
}

# The class path of a worker: tests as directories, as some of them walk through theirs.
tests_of() {
  local IFS=:
  echo "${*/#/$stage/}" | sed 's,\(:\|$\),/test-classes\1,g'
}
jars_of() {
  local module
  for module in "$@"; do
    printf '%s:' "$stage/$module/$module.jar"
  done
  printf '%s\n' "$(ls "$stage"/libs/*.jar | paste -sd:)"
}

# The class path of child JVMs, and an archive of its classes for each JDK: they live for about a second.
share_classes() {
  local module who contents=()
  for module in "${modules[@]}"; do
    contents+=(-C "$stage/$module/test-classes" .)
  done
  "${JAVA_HOME:+$JAVA_HOME/bin/}jar" --create --file "$stage/tests.jar" "${contents[@]}"
  chmod a+r "$stage/tests.jar"
  children=$(jars_of "${modules[@]}"):$stage/tests.jar
  for who in "${passes[@]}"; do
    (in_java "$who" -XX:TieredStopAtLevel=1 -XX:ArchiveClassesAtExit="$stage/$who/classes.jsa" -cp "$children" \
      dev.cooper.e2e.ClassArchive) >"$stage/logs/$who-archive" 2>&1 || echo "no archive of classes for $who: $(tail -n 3 "$stage/logs/$who-archive")"
    chmod a+r "$stage/$who/classes.jsa" 2>/dev/null || true
  done
}

# work WHO PHASE MODULE…: runs what no other worker has taken; one that hangs (status 97) is replaced.
work() {
  local who=$1 phase=$2 log options status=97 roots=()
  shift 2
  log=$(mktemp "$stage/logs/$who-$phase.XXXXXX")
  options=(
    -Djunit.jupiter.execution.timeout.default=10m -Djunit.jupiter.execution.timeout.threaddump.enabled=true
    -Dcooper.test.classpath="$children" -cp "$(tests_of "$@"):$(jars_of "$@")"
  )
  [[ ! -f $stage/$who/classes.jsa ]] || options+=(-Dcooper.test.archive="$stage/$who/classes.jsa")
  [[ ! -f $stage/debian.tar ]] || options+=(-Dcooper.test.debian="$stage/debian.tar")
  IFS=: read -r -a roots <<<"$(tests_of "$@")"
  for _ in {1..9}; do
    ((status == 97)) || break
    status=0
    (in_java "$who" "${options[@]}" dev.cooper.suite.Worker "$stage/$who/records" "$phase" "${patterns[$who]}" "${roots[@]}") \
      >>"$log" 2>&1 </dev/null || status=$?
  done
  if ((status)); then
    { echo "FAILED as $who: a worker ended with status $status; its last words:"; tail -n 50 "$log"; } >"$log.failed"
  fi
}

passes=(root)
declare -A patterns=([root]=$pattern) names
children=
names[root]="as $(id -un) on $("$java" -version 2>&1 | sed -n 1p)"
if ((EUID == 0)); then
  passes+=(user)
  names[user]="as $user on $("$user_java" -version 2>&1 | sed -n 1p)"
  # Podman and buildah want more of an ordinary user's session than there is here.
  patterns[user]="(?!.*Peers?IT)$pattern"
fi

# phase NAME MODULES WORKER…: each worker does the named passes, one after another.
phase() {
  local name=$1 of=$2 worker who started=()
  shift 2
  for worker in "$@"; do
    for who in $worker; do
      # shellcheck disable=SC2086
      work "$who" "$name" $of
    done &
    started+=($!)
  done
  wait "${started[@]}" || true # the records tell
}

# --- the tests

await_module 'Cooper core'
until [[ -f $stage/installed ]] || ! kill -0 "$prepared" 2>/dev/null; do
  sleep 1
done
if has_come_to 'Cooper core'; then
  # The first module's, while Maven compiles the others.
  stage_modules oci-format
  phase calm oci-format root
fi
await_module 'Cooper samples'
wait "$prepared" || { echo "cannot install what the tests need: ${missing[*]}" >&2 && exit 1; }
if has_come_to 'Cooper samples'; then
  stage_modules "${modules[@]}"
  share_classes
  echo "$(date +%T) tests of all modules"
  workers=("${passes[*]}")
  if ((${#apart[@]})); then
    workers=('root user' 'user root' 'root user')
  fi
  phase calm "${modules[*]}" "${workers[@]}"
  phase storm "${modules[*]}" "${workers[@]:0:2}"
  phase alone "${modules[*]}" "${passes[*]}"
fi
status=0
wait "$built" || status=1

# --- what came of it

# close WHO: a class that was planned and has not ended is a failure.
close() {
  local records=$stage/$1/records each
  for each in "$records"/planned/*; do
    if [[ ! -f $records/ended/${each##*/} ]]; then
      echo "FAILED as $1: ${each##*/} did not end, or no worker was left for it" >"$records/failed/${each##*/}"
      echo '0 1 0 0 0' >"$records/ended/${each##*/}"
    fi
  done
  mkdir -p "$reports/$1"
  for each in "$records"/ended/*; do
    echo "$(cut -d' ' -f4,5 "$each") ${each##*/}"
  done | sort -rn | awk '{ printf "%8.1f s, %8.1f s of processors: %s\n", $1 / 1000, $2 / 1000, $3 }' >"$reports/$1/times"
  cp -r "$records"/{reports,failed,skipped} "$reports/$1" 2>/dev/null || true
}

# sum WHO: passed, failed and skipped tests.
sum() {
  local ended=("$stage/$1/records/ended"/*)
  { ((${#ended[@]} == 0)) || cat "${ended[@]}"; } | awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }'
}

# sum_of_samples: the same of what Maven ran.
sum_of_samples() {
  local file=samples/target/failsafe-reports/failsafe-summary.xml
  if [[ ! -f $file ]]; then
    echo 0 0 0
    return
  fi
  tr '<>' '  ' <"$file" | awk '
    { for (i = 1; i < NF; i++) if ($i ~ /^(completed|errors|failures|skipped)$/ && $(i + 1) ~ /^[0-9]+$/) n[$i] = $(i + 1) }
    END { print n["completed"] - n["errors"] - n["failures"] - n["skipped"], n["errors"] + n["failures"], n["skipped"] + 0 }'
}

passed=0 failed=0 skipped=0
# count WHAT PASSED FAILED SKIPPED
count() {
  printf '%s: %d passed, %d failed, %d skipped\n' "$@"
  passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
}

printf '\n%s\n' "$(date +%T) all tests have ended"
for who in "${passes[@]}"; do
  close "$who"
  reasons=("$stage/$who"/records/skipped/*)
  if ((${#reasons[@]})); then
    cat "${reasons[@]}" | sort | uniq -c | sort -rn | sed "s/^/skipped, ${names[$who]}: /"
  fi
done
for who in "${passes[@]}"; do
  read -r -a counts <<<"$(sum "$who")"
  count "${names[$who]}" "${counts[@]}"
  # Each of a user's tests is found by its name: none is a mistake.
  ((counts[0] + counts[1] + counts[2])) || status=1
done
read -r -a counts <<<"$(sum_of_samples)"
count "the samples, by Maven" "${counts[@]}"
for each in "$stage"/{root,user}/records/failed/* "$stage"/logs/*.failed; do
  printf '\n%s\n' "$(cat "$each")"
  status=1
done
cp -r "$stage/logs" "$reports"
if ((EUID == 0)) && [[ -z $newer ]]; then
  echo "no JDK 25 or newer lies in /usr/lib/jvm: nothing was tested on one" >&2
  [[ -z ${CI:-} ]] || status=1
fi
((status == 0)) || printf '\n%s\n' "FAILED; reports and logs lie in $reports"
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
