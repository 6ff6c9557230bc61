# Compiler, linker and warning settings shared by every target.

# Optimised for 2015-and-later x86 servers (AVX2); main() refuses older ones with a clear message.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-march=x86-64-v3)
endif()

# -Wno-restrict: GCC 12 reports copies inside std::string that cannot happen (GCC bug 105651).
add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers -Wno-restrict -fno-omit-frame-pointer)
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_definitions(TAPELAKE_DEBUG_CHECKS=1)
endif()

set(TAPELAKE_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")
if(TAPELAKE_SANITIZE)
  # Instrumented code confuses GCC 12's flow analysis: it sees uninitialised optionals that are not.
  # Asio has memory fences, which the thread sanitizer does not know; its mutexes it does.
  add_compile_options(-fsanitize=${TAPELAKE_SANITIZE} -fno-sanitize-recover=all
                      -Wno-maybe-uninitialized -Wno-tsan)
  add_link_options(-fsanitize=${TAPELAKE_SANITIZE})
endif()

find_program(TAPELAKE_CCACHE ccache)
if(TAPELAKE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TAPELAKE_CCACHE})
endif()
find_program(TAPELAKE_MOLD mold)
if(TAPELAKE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# libparquet exports unversioned EVP_* symbols. Loading libssl and libcrypto first keeps OpenSSL's
# own symbols in front of them; tests/unit of base guards it. Must stand before any target.
if(NOT TAPELAKE_LAMBDA)
  add_link_options("LINKER:--push-state,--no-as-needed,-lssl,-lcrypto,--pop-state")
endif()
