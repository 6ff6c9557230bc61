# Arrow and Parquet C++ from the `pyarrow` wheel: it ships headers and libraries, but no CMake
# package and no unversioned .so names. Targets: Arrow::arrow, Arrow::compute, Arrow::parquet.
find_program(TAPELAKE_PYTHON NAMES python3 PATHS ${TAPELAKE_DEPS}/venv/bin NO_DEFAULT_PATH REQUIRED)
execute_process(
  COMMAND ${TAPELAKE_PYTHON} -c "import pyarrow; print(pyarrow.get_include()); print(pyarrow.get_library_dirs()[0])"
  OUTPUT_VARIABLE _arrow_paths OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" _arrow_paths "${_arrow_paths}")
list(GET _arrow_paths 0 ArrowWheel_INCLUDE_DIR)
list(GET _arrow_paths 1 ArrowWheel_LIBRARY_DIR)
file(STRINGS ${ArrowWheel_INCLUDE_DIR}/arrow/util/config.h _arrow_so REGEX "ARROW_SO_VERSION")
string(REGEX REPLACE ".*\"([0-9]+)\".*" "\\1" ArrowWheel_SO_VERSION "${_arrow_so}")

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ArrowWheel REQUIRED_VARS ArrowWheel_INCLUDE_DIR ArrowWheel_LIBRARY_DIR ArrowWheel_SO_VERSION)

function(_arrow_wheel_target name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  if(name STREQUAL "arrow" OR name STREQUAL "parquet")
    set(file lib${name}.so.${ArrowWheel_SO_VERSION})
  else()
    set(file libarrow_${name}.so.${ArrowWheel_SO_VERSION})
  endif()
  add_library(Arrow::${name} SHARED IMPORTED)
  set_target_properties(Arrow::${name} PROPERTIES
    IMPORTED_LOCATION ${ArrowWheel_LIBRARY_DIR}/${file}
    INTERFACE_INCLUDE_DIRECTORIES ${ArrowWheel_INCLUDE_DIR}
    INTERFACE_LINK_LIBRARIES "${ARG_DEPS}")
endfunction()
_arrow_wheel_target(arrow)
_arrow_wheel_target(compute DEPS Arrow::arrow)
_arrow_wheel_target(parquet DEPS Arrow::arrow)
