# `./dev test`: everything a change must pass. Sourced by ./dev.

RESULTS="$TAPELAKE_ROOT/build/test-results"

run_test() {
  case "${1:-}" in
    --full)
      run_full "${@:2}"
      return
      ;;
    --list)
      list_full_parts
      return
      ;;
    "") ;;
    *) fail "test knows --full [PART…] and --list, not '$1'" ;;
  esac
  local start=$SECONDS
  rm -rf "$RESULTS"
  mkdir -p "$RESULTS"
  prepare_test
  static_checks
  suite "unit tests" run_unit_tests release
  suite "tests of the page's parts" run_page_unit_tests
  suite "tests of the page in a browser" run_page_tests
  suite "tests of the page on the real program" run_page_tests_on_program
  suite "tests of whole programs" run_python_tests tests
  check "docs/conformance.md is what this run showed" run_tool conformance --check "$RESULTS/cells.jsonl"
  say "all of ./dev test took $((SECONDS - start)) s"
  run_tool summarize_results "$RESULTS"
}

# The peers (Spark, Hudi, hudi-rs) are fetched while the compiler works.
prepare_test() {
  local fetcher status=0
  setup_build
  setup_web
  setup_test_machine
  (setup_test_python && setup_test_npm && setup_hudi_bundle && setup_dynamodb_local && setup_kafka) &
  fetcher=$!
  { build_preset release && build_preset lambda; } || status=$?
  wait "$fetcher" || fail "the peers of the tests could not be installed"
  ((status == 0)) || fail "the build failed"
}

static_checks() {
  suite "tests of tools/" run_python_tools_tests
  check "layers" run_tool check_layers
  check "tidy" run_tool tidy
  check "formatting" format_sources --check
  check "generated documents are current" generate_docs --check
}

# check NAME COMMAND…: one pass or failure of its own; shows the output only of a failure.
check() {
  local name="$1" log
  shift
  log="$(mktemp "$RESULTS/check.XXXXXX")"
  if ("$@") >"$log" 2>&1; then
    say "$name: passed"
    printf 'passed\t%s\n' "$name" >>"$RESULTS/checks.tsv"
  else
    say "$name: FAILED"
    cat "$log" >&2
    printf 'failed\t%s\n' "$name" >>"$RESULTS/checks.tsv"
  fi
}

# suite NAME COMMAND…: a test runner that leaves a JUnit file in $RESULTS, which is what counts.
# A runner that dies before it could write one counts as one failure.
suite() {
  local name="$1" before after
  shift
  before="$(find "$RESULTS" -name '*.xml' | wc -l)"
  phase "$name" "$@" || true
  after="$(find "$RESULTS" -name '*.xml' | wc -l)"
  ((after > before)) || printf 'failed\t%s (no result file)\n' "$name" >>"$RESULTS/checks.tsv"
}

# run_unit_tests PRESET [CTEST OPTION…]
run_unit_tests() {
  local preset="$1"
  ctest --test-dir "build/$preset" -j "$JOBS" --timeout 300 --output-on-failure --progress \
    --output-junit "$RESULTS/unit-$preset.xml" "${@:2}" >"$RESULTS/unit-$preset.log" 2>&1 ||
    { grep -vE '^Test project|Passed ' "$RESULTS/unit-$preset.log" | tail -n 200 >&2; return 1; }
}

run_page_unit_tests() {
  (cd web && npm run --silent test -- --reporter=default --reporter=junit \
    --outputFile.junit="$RESULTS/page-units.xml") >&2
}

# One file after the other: one of them measures time.
run_page_tests() {
  TAPELAKE_WEB_OUT="$WEB_DIST" node --test --test-concurrency=1 --test-reporter=spec \
    --test-reporter-destination=stderr --test-reporter=junit \
    --test-reporter-destination="$RESULTS/page.xml" tests/web/*.test.mjs
}

# Those that make sense without the mock, and those that are about the program.
run_page_tests_on_program() {
  node tests/web/on_program.mjs --test-reporter=spec --test-reporter-destination=stderr \
    --test-reporter=junit --test-reporter-destination="$RESULTS/page-on-program.xml"
}

run_python_tools_tests() {
  python_of_tools -m pytest -q tools/tests --junitxml="$RESULTS/tools.xml" -p no:cacheprovider >&2
}

# Two files at a time: those of e2e mostly wait, those of interop keep a Spark busy.
run_python_tests() {
  TAPELAKE_CELLS="$RESULTS/cells.jsonl" "$DEPS/test-venv/bin/python3" -m pytest -q -ra -n 2 --dist loadfile \
    --durations=10 --junitxml="$RESULTS/programs.xml" -p no:cacheprovider "$@" >&2
}
