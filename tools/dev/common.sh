# Shared by ./dev's parts: saying what happens, timing phases, stamps. Sourced, never run.

DEPS="$TAPELAKE_ROOT/.deps"
STAMPS="$DEPS/stamps"
JOBS="$(nproc 2>/dev/null || echo 2)"

# Lets a second clone of the project reuse what a first one compiled.
export CCACHE_BASEDIR="$TAPELAKE_ROOT" CCACHE_NOHASHDIR=true

say() { printf '[dev] %s\n' "$*" >&2; }

fail() {
  printf '[dev] error: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# phase NAME COMMAND…: run the command, then say how long it took and how it ended.
phase() {
  local name="$1" start=$SECONDS status=0
  shift
  say "$name …"
  "$@" || status=$?
  if ((status == 0)); then
    say "$name: done in $((SECONDS - start)) s"
  else
    say "$name: FAILED (exit $status) after $((SECONDS - start)) s"
  fi
  return "$status"
}

# Stamps: one file per installed thing, named by the hash of what was asked for. A changed
# requirement file has another hash, so the step runs again; an unchanged one costs nothing.
stamp_path() {
  local name="$1"
  shift
  printf '%s/%s-%s' "$STAMPS" "$name" "$(cat "$@" | sha256sum | cut -c1-16)"
}

stamp_set() {
  mkdir -p "$STAMPS"
  rm -f "${1%-*}"-*
  : >"$1"
}
