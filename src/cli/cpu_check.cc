// Compiled for any x86-64 (see CMakeLists.txt), unlike the rest of the program, which uses AVX2 and
// would die with "illegal instruction" on an older processor, possibly before main().

#include <unistd.h>

#include <cstdlib>

#ifdef __x86_64__
namespace {

constexpr char kMessage[] =
    "tapelake: error: this processor lacks AVX2, BMI2 or FMA (x86-64-v3)\n"
    "  hint: run it on a machine from about 2015 or later (on virtual machines choose CPU type "
    "'host')\n";

void CheckProcessor() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
      __builtin_cpu_supports("fma")) {
    return;
  }
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
  ::_exit(1);
}

// Runs before the constructors of every other file and shared library.
[[gnu::section(".preinit_array"), gnu::used]] void (*const check_processor)() = CheckProcessor;

}  // namespace
#endif
