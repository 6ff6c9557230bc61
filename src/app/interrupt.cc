#include "app/interrupt.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

namespace tapelake::app {
namespace {

volatile std::sig_atomic_t interrupts = 0;

// Only async-signal-safe calls are allowed here.
void OnSignal(int) {
  interrupts = interrupts + 1;
  if (interrupts < 2) return;
  constexpr std::string_view kMessage = "\ntapelake: stopped at once; nothing was drained\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  ::_exit(kExitInterrupted);
}

}  // namespace

void CatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a blocked read of stdin must return so that the end can be orderly.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() {
  return interrupts != 0;
}

}  // namespace tapelake::app
