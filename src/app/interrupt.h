#pragma once

/// Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends the process at once.

namespace tapelake::app {

/// Exit code of a process that was interrupted.
inline constexpr int kExitInterrupted = 130;

/// Catch SIGINT and SIGTERM from now on. Call once, before threads start.
void CatchInterrupts();

/// Whether the orderly end was asked for. Any thread.
bool Interrupted();

}  // namespace tapelake::app
