# tapelake_module(name SOURCES ... DEPS ...): one folder under src/ = one library `tapelake_<name>`.
function(tapelake_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(tapelake_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(tapelake_${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
endfunction()

# tapelake_test(name SOURCES ... DEPS ...): the module's unit tests, one program `<name>_test`.
function(tapelake_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${ARG_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE TAPELAKE_SOURCE_DIR=".")
  # Assertion macros are slow to optimise and gain nothing: 40 % of a test file's compile time.
  target_compile_options(${name}_test PRIVATE -O0)
  # Run from the source folder: a path of this clone in a definition would spoil the compiler cache.
  gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
                       PROPERTIES LABELS unit)
endfunction()
