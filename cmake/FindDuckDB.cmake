# DuckDB: the official library from npm, its headers from the source package of the same version.
find_path(DuckDB_INCLUDE_DIR duckdb.hpp PATHS ${TAPELAKE_DEPS}/duckdb/include NO_DEFAULT_PATH)
find_file(DuckDB_LIBRARY libduckdb.so
  PATHS ${TAPELAKE_DEPS}/npm/node_modules/@duckdb/node-bindings-linux-x64
        ${TAPELAKE_DEPS}/npm/node_modules/@duckdb/node-bindings-linux-arm64 NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB REQUIRED_VARS DuckDB_LIBRARY DuckDB_INCLUDE_DIR)
add_library(DuckDB::duckdb SHARED IMPORTED)
set_target_properties(DuckDB::duckdb PROPERTIES
  IMPORTED_LOCATION ${DuckDB_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${DuckDB_INCLUDE_DIR})
