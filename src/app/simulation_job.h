#pragma once

/// `tapelake simulate`: a bounded simulation into files.

#include <functional>
#include <string>

#include "app/world.h"
#include "base/status.h"
#include "io/byte_stream.h"
#include "source/simulator.h"

namespace tapelake::app {

struct SimulationFiles {
  std::string events_path;    ///< NDJSON of the wire records; empty: to `output`.
  std::string expected_path;  ///< CSV of the final table; empty: not written.
};

/// Called now and then with what has been made so far.
using SimulationProgress = std::function<void(const source::SimulatorCounts&)>;

/// Run the whole simulation. Errors: kInvalid (options), kUnavailable (files), kShuttingDown
/// (interrupted; the files are incomplete).
Result<source::SimulatorCounts> RunSimulation(World& world, const source::SimulatorOptions& options,
                                              const SimulationFiles& files, io::ByteOutput& output,
                                              const SimulationProgress& progress);

}  // namespace tapelake::app
