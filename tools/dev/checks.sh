# Formatting, linting and generated documents. Sourced by ./dev.

cxx_files() { git ls-files -z -- 'src/*.h' 'src/*.cc' 'testing/*.h' 'testing/*.cc' 'bench/*.h' 'bench/*.cc' 'tests/*.cc' 'tests/*.h' 'examples/*.cc'; }

format_sources() {
  local mode=(-i)
  case "${1:-}" in
    --check) mode=(--dry-run --Werror) ;;
    "") ;;
    *) fail "fmt knows only --check, not '$1'" ;;
  esac
  cxx_files | xargs -0 -r "$DEPS/venv/bin/clang-format" --style=file "${mode[@]}"
}

run_tool() { python_of_tools "tools/$1.py" "${@:2}"; }

python_of_tools() { "$DEPS/venv/bin/python3" "$@"; }

lint_sources() {
  phase "layers" run_tool check_layers
  phase "tidy" run_tool tidy
  [[ -f build/release/compile_commands.json ]] || phase "configure release" configure_preset release
  phase "clang-tidy" run_clang_tidy
}

# The wheel's clang brings no headers of its own: point it to GCC's through the compile commands.
run_clang_tidy() {
  git ls-files -z -- 'src/*.cc' 'testing/*.cc' 'bench/*.cc' |
    xargs -0 -r -n 4 -P "$JOBS" "$DEPS/venv/bin/clang-tidy" -p build/release --quiet \
      --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-unused-command-line-argument
}

generate_docs() { run_tool generate_docs --program build/release/tapelake "$@"; }
