# `./dev screenshots`: the pictures in docs/images, of the real program on simulated changes. Sourced
# by ./dev.

SCREENSHOT_WARM_UP_S=45

take_screenshots() {
  local scratch pipeline url status=0
  setup_build
  setup_test_machine
  build_preset release tapelake
  scratch="$(mktemp -d)"
  build/release/tapelake up --lake "$scratch/lake" --listen 127.0.0.1:0 >"$scratch/up.log" 2>&1 &
  pipeline=$!
  say "the pipeline warms up for $SCREENSHOT_WARM_UP_S s"
  sleep "$SCREENSHOT_WARM_UP_S"
  url="$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$scratch/lake/.tapelake/http.json")"
  mkdir -p docs/images
  phase "take screenshots" node tools/screenshots.mjs "$url" docs/images || status=$?
  kill "$pipeline"
  wait "$pipeline" || true
  rm -rf "$scratch"
  return "$status"
}
