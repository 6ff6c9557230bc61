# simdjson as one source file, from npm.
find_path(Simdjson_SOURCE_DIR simdjson.cpp
  PATHS ${TAPELAKE_DEPS}/npm/node_modules/@nozbe/simdjson/src NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Simdjson REQUIRED_VARS Simdjson_SOURCE_DIR)
add_library(simdjson STATIC ${Simdjson_SOURCE_DIR}/simdjson.cpp)
target_include_directories(simdjson SYSTEM PUBLIC ${Simdjson_SOURCE_DIR})
target_compile_options(simdjson PRIVATE -w)
add_library(Simdjson::simdjson ALIAS simdjson)
