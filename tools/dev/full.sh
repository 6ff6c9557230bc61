# `./dev test --full`: the parts that take longer. Each part that passed on this commit is not run
# again; `rm -r build/full` forgets that. A part's figures are the lines it prints that start with
# `figure:`. Parts run where `set -e` does not hold: each step says `|| return 1`. Sourced by ./dev.

BENCHES=(transform lambda cow mor query pipeline door commits days live)

FULL_PARTS=(asan tsan debug lint "${BENCHES[@]/#/bench-}"
  conformance-ours conformance-theirs conformance-newer conformance s3 aws-clients fuzz sim model kill faults alarms)

list_full_parts() {
  cat <<'TEXT'
asan             unit tests under the address and undefined-behaviour sanitizers
tsan             unit tests under the thread sanitizer
debug            unit tests without optimisation, costly checks on
lint             clang-tidy over every source file
bench-transform  records per second against the Python Lambda handler on the same records
bench-lambda     the Lambda function beside a runtime API: cold start, memory, records per second
bench-cow        copy-on-write load and upsert against Spark + Hudi in a warm JVM
bench-mor        merge-on-read appends, and an upsert against Spark + Hudi in a warm JVM
bench-query      SQL over tables against DuckDB over their files, incremental reads, a small upsert into 10,000,000
bench-pipeline   the whole pipeline: changes a second, memory, latencies, CPU by stage
bench-door       PutRecords beside kinesalite and moto; the pipeline behind the door: records a second, memory, CPU
bench-commits    20,000 commits back to back with all services: time of a commit and files, first and last
bench-days       30 days of 1,000,000 rows: objects, bytes rewritten, small files, query time
bench-live       the page at 5,000 changes a second: event to screen, its work, 100 clients
conformance-ours    three Sparks, hudi-rs and Trino read and continue what we wrote: every operation, type and index
conformance-theirs  we read and continue what the three Sparks wrote: every operation, type and index
conformance-newer   we read what Spark wrote in versions 8 and 9: every operation, type and index
conformance      what of the three has not passed yet; writes docs/conformance.md
s3               the S3 tests on real servers, built from source at the first time: MinIO and versitygw
aws-clients      Amazon's SDK for Java 2 (CBOR, JSON, TLS) and its producer library at the AWS-compatible door
fuzz             mutated change records, table files, HTTP and AWS requests against their parsers, under the sanitizers
sim              10,000 seeds of the simulation; 200 of their tables read by Spark and hudi-rs
model            10,000 random lives of a table against a model; 200 of their tables read by Spark
kill             50 SIGKILLs of the program under load; Spark opens the table after every tenth
faults           20 minutes of kills, lost and cut replies, throttles and failing objects under load
alarms           every default alarm fires and clears because its condition was caused and ended
TEXT
}

run_full() {
  local parts=("$@") part commit folder status=0
  ((${#parts[@]} > 0)) || parts=("${FULL_PARTS[@]}")
  for part in "${parts[@]}"; do
    [[ " ${FULL_PARTS[*]} " == *" $part "* ]] || fail "no part '$part'; there are: ${FULL_PARTS[*]}"
  done
  commit="$(git rev-parse --short=12 HEAD)"
  folder="build/full/$commit"
  RESULTS="$TAPELAKE_ROOT/$folder/results"
  mkdir -p "$RESULTS"
  prepare_test
  for part in "${parts[@]}"; do
    run_full_part "$part" "$folder" || status=1
  done
  run_tool full_report "$folder" --commit "$commit"
  return "$status"
}

run_full_part() {
  local part="$1" folder="$2" start=$SECONDS status=0
  if [[ "$(cut -f1 "$folder/$part.result" 2>/dev/null)" == passed ]]; then
    say "$part: passed before on this commit"
    return 0
  fi
  phase "part $part" full_part "$part" >"$folder/$part.log" 2> >(tee -a "$folder/$part.err" >&2) || status=$?
  local verdict=passed
  ((status == 0)) || verdict=failed
  printf '%s\t%s\n' "$verdict" "$((SECONDS - start))" >"$folder/$part.result"
  ((status == 0)) || tail -n 60 "$folder/$part.log" >&2
  return "$status"
}

full_part() {
  case "$1" in
    asan | tsan | debug) sanitized_unit_tests "$1" ;;
    lint) run_clang_tidy ;;
    bench-*) bench "${1#bench-}" ;;
    conformance-ours) conformance_ours ;;
    conformance-theirs) conformance_theirs ;;
    conformance-newer) conformance_newer ;;
    conformance) whole_conformance ;;
    s3) test_on_s3_servers ;;
    aws-clients) test_with_aws_clients ;;
    fuzz) fuzz_parsers ;;
    sim) simulate_seeds ;;
    model) model_lives ;;
    kill) TAPELAKE_KILLS=50 run_python_tests tests/e2e/test_kill.py ;;
    faults) TAPELAKE_FAULT_SECONDS=1200 run_python_tests tests/e2e/test_faults_under_load.py ;;
    alarms) run_python_tests tests/full/test_default_alarms.py ;;
  esac
}

# The peers' libraries (Arrow, DuckDB) are not instrumented: leak checks stay off, races inside
# them are listed in tools/dev/tsan.supp.
# The prompt's tests fork a child that starts threads, which the thread sanitizer refuses to watch; and
# librdkafka (MockBrokers) starts its threads with C11's thrd_create, of which the sanitizer knows nothing.
sanitized_unit_tests() {
  local preset="$1" only=()
  [[ "$preset" == tsan ]] && only=(--exclude-regex '^(PromptTest|MockBrokers)')
  build_preset "$preset" || return 1
  ASAN_OPTIONS=detect_leaks=0:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 \
    TSAN_OPTIONS="suppressions=$TAPELAKE_ROOT/tools/dev/tsan.supp" run_unit_tests "$preset" "${only[@]}" \
    || return 1
  printf 'figure: unit tests = %s\n' "$(grep -oE '[0-9]+% tests passed.*' "$RESULTS/unit-$preset.log")"
}

# The peers of the usual run, Spark with Hudi 1.1.1 and Trino: only this run fills all cells of the page.
whole_conformance() {
  local counts
  { conformance_ours && conformance_theirs && conformance_newer; } || return 1
  counts="$(run_tool conformance --whole "$RESULTS"/conformance-*/cells.jsonl)" || return 1
  printf 'figure: %s\n' "$counts"
}

MATRIX=tests/full/test_matrix.py

conformance_ours() {
  local status=0
  setup_conformance_peers || return 1
  conformance_piece interop tests/interop || status=1
  conformance_piece ours "$MATRIX" -k "we_wrote or of_the_page" || status=1
  return "$status"
}

conformance_theirs() {
  local spark status=0
  setup_conformance_peers || return 1
  for spark in spark_0_15 spark_1_0 spark_1_1; do
    conformance_piece "$spark" "$MATRIX" -k "$spark and not we_wrote" || status=1
  done
  return "$status"
}

conformance_newer() {
  setup_conformance_peers || return 1
  conformance_piece newer "$MATRIX" -k "newer_version" || return 1
}

# conformance_piece NAME PYTEST-ARGUMENT…: a piece that passed is not run again, so an interrupted part goes on.
conformance_piece() {
  local RESULTS="$RESULTS/conformance-$1"
  [[ -e "$RESULTS/passed" ]] && return 0
  rm -rf "$RESULTS"
  mkdir -p "$RESULTS"
  TAPELAKE_CONFORMANCE=full run_python_tests "${@:2}" || return 1
  : >"$RESULTS/passed"
}

# versitygw neither encrypts nor has an STS.
test_on_s3_servers() {
  (setup_s3_servers) || return 1
  test_on_s3_server minio tests/e2e/test_s3.py tests/full/test_minio.py || return 1
  test_on_s3_server versitygw tests/e2e/test_s3.py -k "not encrypted and not credentials" || return 1
}

# test_on_s3_server NAME PYTEST-ARGUMENT…
test_on_s3_server() {
  local name="$1" passed
  TAPELAKE_S3_SERVER="$name" run_python_tests "${@:2}" || return 1
  passed="$(sed -n 's/.*<testsuite [^>]*tests="\([0-9]*\)".*/\1/p' "$RESULTS/programs.xml")"
  printf 'figure: %s S3 tests passed on %s\n' "$passed" "$(grep "/$name@" tests/go-peers.txt)"
}

test_with_aws_clients() {
  (setup_java_clients) || return 1
  run_python_tests tests/full/test_aws_clients.py || return 1
  printf 'figure: %s tests with Amazon'"'"'s Java libraries passed\n' \
    "$(sed -n 's/.*<testsuite [^>]*tests="\([0-9]*\)".*/\1/p' "$RESULTS/programs.xml")"
}

FUZZ_ROUNDS=1000000

# A new seed every day the part runs; a finding prints its seed.
fuzz_parsers() {
  local seed
  seed="$(date +%Y%m%d)"
  build_preset asan record_fuzz file_fuzz request_fuzz aws_fuzz || return 1
  ASAN_OPTIONS=detect_leaks=0 build/asan/record_fuzz --seed "$seed" --rounds "$FUZZ_ROUNDS" \
    tests/captures/*.ndjson || return 1
  ASAN_OPTIONS=detect_leaks=0 build/asan/file_fuzz --seed "$seed" --rounds "$FUZZ_ROUNDS" . \
    || return 1
  ASAN_OPTIONS=detect_leaks=0 build/asan/request_fuzz --seed "$seed" --rounds "$FUZZ_ROUNDS" \
    || return 1
  ASAN_OPTIONS=detect_leaks=0 build/asan/aws_fuzz --seed "$seed" --rounds "$FUZZ_ROUNDS" \
    || return 1
  printf 'figure: %s mutated records and as many files and requests, seed %s, nothing found\n' \
    "$FUZZ_ROUNDS" "$seed"
}

SIM_SEEDS=10000
SIM_SEEDS_AT_ONCE=500
SIM_TABLES_KEPT=200

# New seeds for every commit. A range that passed is not run again, so an interrupted part goes on.
simulate_seeds() {
  local folder="${RESULTS%/results}/sim" first begin end
  mkdir -p "$folder"
  [[ -e "$folder/first" ]] || printf '%s\n' "$((($(date +%s) % 1000000) * SIM_SEEDS + 1))" >"$folder/first"
  first="$(<"$folder/first")"
  build_preset release tapelake_sim || return 1
  for ((begin = first; begin < first + SIM_SEEDS; begin += SIM_SEEDS_AT_ONCE)); do
    end=$((begin + SIM_SEEDS_AT_ONCE - 1))
    [[ -e "$folder/passed-$begin" ]] && continue
    build/release/tapelake_sim --seeds "$begin..$end" --jobs "$JOBS" --twice 5 --check-points \
      --keep-tables "$folder/tables" --every $((SIM_SEEDS / SIM_TABLES_KEPT)) || return 1
    : >"$folder/passed-$begin"
  done
  "$DEPS/test-venv/bin/python3" tests/sim/read_tables.py "$folder/tables" || return 1
  printf 'figure: %s seeds from %s on passed; %s tables read by Spark and hudi-rs\n' \
    "$SIM_SEEDS" "$first" "$SIM_TABLES_KEPT"
}

MODEL_LIVES=10000
MODEL_TABLES_KEPT=200

model_lives() {
  local folder="${RESULTS%/results}/model"
  rm -rf "$folder"
  mkdir -p "$folder"
  build_preset release tapelake_model || return 1
  build/release/tapelake_model --fresh "$MODEL_LIVES" --jobs "$JOBS" --keep-tables "$folder" \
    --every $((MODEL_LIVES / MODEL_TABLES_KEPT)) | tee "$folder/counts" || return 1
  # Not hudi-rs: it misses what was logged under a pending compaction (unsupported.toml), and refuses a
  # delete block of which some deletes have an ordering value and others none. Lives end with both.
  "$DEPS/test-venv/bin/python3" tests/sim/read_tables.py "$folder" --engines spark || return 1
  printf 'figure: %s lives, %s upserts, %s tables read by Spark\n' "$MODEL_LIVES" \
    "$(sed -n 's/ upserts$//p' "$folder/counts")" "$MODEL_TABLES_KEPT"
}

# bench NAME: one comparison or limit; the report goes to docs/reports/NAME-bench.md.
bench() {
  [[ "$1" != door ]] || setup_test_npm
  "$DEPS/test-venv/bin/python3" "bench/$1.py"
}
