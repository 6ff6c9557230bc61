#include "app/simulation_job.h"

#include <memory>

#include "app/file_output.h"
#include "app/interrupt.h"

namespace tapelake::app {
namespace {

Status WriteEvents(source::Simulator* simulator, io::ByteOutput& output,
                   const SimulationProgress& progress) {
  record::RecordBlock block;
  std::string lines;
  while (true) {
    if (Interrupted()) {
      return MakeError(ErrorKind::kShuttingDown,
                       "interrupted; the events are incomplete\nhint: run it again");
    }
    TAPELAKE_ASSIGN_OR_RAISE(const bool more, simulator->ReadBlock(&block));
    if (!more) return Status::OK();
    lines.clear();
    for (const record::RecordBlock::Entry& entry : block.entries) {
      lines += block.bytes(entry);
      lines += '\n';
    }
    TAPELAKE_RETURN_NOT_OK(output.Write(lines));
    progress(simulator->counts());
  }
}

}  // namespace

Result<source::SimulatorCounts> RunSimulation(World& world, const source::SimulatorOptions& options,
                                              const SimulationFiles& files, io::ByteOutput& output,
                                              const SimulationProgress& progress) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto simulator, source::Simulator::Make(options));
  if (files.events_path.empty()) {
    TAPELAKE_RETURN_NOT_OK(WriteEvents(simulator.get(), output, progress));
  } else {
    TAPELAKE_ASSIGN_OR_RAISE(const auto file, FileOutput::Open(world.files, files.events_path));
    TAPELAKE_RETURN_NOT_OK(WriteEvents(simulator.get(), *file, progress));
    TAPELAKE_RETURN_NOT_OK(file->Close());
  }
  if (!files.expected_path.empty()) {
    TAPELAKE_RETURN_NOT_OK(simulator->WriteExpected(world.files, files.expected_path));
  }
  return simulator->counts();
}

}  // namespace tapelake::app
