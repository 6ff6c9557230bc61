#include "app/feed.h"

namespace tapelake::app {

Result<std::unique_ptr<SimulatorFeed>> SimulatorFeed::Make(source::SimulatorOptions options,
                                                           io::Clock& clock) {
  const int64_t start_micros = clock.WallMicros();
  std::string source_id =
      "simulator-" + std::to_string(options.seed) + "-" + std::to_string(start_micros);
  options.seed ^= static_cast<uint64_t>(start_micros) << 1;
  options.changes = 0;
  TAPELAKE_ASSIGN_OR_RAISE(auto simulator, source::Simulator::MakeLive(options, clock));
  return std::unique_ptr<SimulatorFeed>(
      new SimulatorFeed(std::move(simulator), std::move(source_id)));
}

}  // namespace tapelake::app
