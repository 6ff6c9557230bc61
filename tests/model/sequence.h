#pragma once

/// One random life of a table beside its model.

#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"

namespace tapelake::model {

/// What a caller decides; the seed decides the rest.
struct SequenceOptions {
  uint64_t seed = 1;
  int steps = 40;
  bool trace = false;
  std::string keep_directory;  ///< Write table and expected CSV there on the real disk.
};

/// What happened.
struct SequenceReport {
  std::map<std::string, int64_t> counts = {};  ///< By operation, and of checks and deaths.
  Status status = Status::OK();                ///< What is wrong, with the step it shows at.
};

/// Make a table and let it live: commits, schema changes, table services, savepoints, rollbacks and
/// restores, with failures and deaths at random steps of the disk. After each call the table must
/// hold what the model says; every past state that was not cleaned can be read, and so can the rows
/// and changes of every range between two of them. Same seed, same life.
SequenceReport RunSequence(const SequenceOptions& options);

}  // namespace tapelake::model
