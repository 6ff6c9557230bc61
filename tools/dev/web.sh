# The page: its packages (npm, in web/node_modules) and its build (build/web/dist, which the program
# holds within itself). Sourced by ./dev.

WEB_DIST="$TAPELAKE_ROOT/build/web/dist"

setup_web() {
  local stamp
  use_node
  stamp="$(stamp_path web web/package.json web/package-lock.json)"
  [[ -e "$stamp" && -d web/node_modules ]] && return 0
  say "installing with npm into web/node_modules: what the page is built and tested with"
  (cd web && npm ci --no-audit --no-fund --loglevel=error >/dev/null) ||
    fail "npm could not install web/package-lock.json"
  stamp_set "$stamp"
}

# Built again only if a file of web/ has changed.
build_web() {
  local hash
  hash="$(find web -name node_modules -prune -o -type f -print0 | sort -z | xargs -0 sha256sum |
    sha256sum | cut -c1-16)"
  [[ -f "$WEB_DIST/index.html" && "$(cat "$WEB_DIST.hash" 2>/dev/null)" == "$hash" ]] && return 0
  setup_web
  phase "build page" compile_page || fail "the page could not be built"
  printf '%s\n' "$hash" >"$WEB_DIST.hash"
}

compile_page() { (cd web && TAPELAKE_WEB_OUT="$WEB_DIST" npm run --silent build >/dev/null); }
