#pragma once

/// What a verb is: one row of the table in verbs.cc and one Command.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/table_plan.h"
#include "app/world.h"
#include "base/status.h"
#include "cli/options.h"
#include "config/config.h"

namespace tapelake::cli {

/// Exit codes; part of the contract in docs/reference/cli.md.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitBadConfig = 78;

/// What a running verb gets.
struct Context {
  app::World& world;
  config::Config config;
  std::vector<app::TablePlan> tables;  ///< The configured tables, checked.
  std::string config_file;             ///< Empty: embedded defaults.
  std::string program;                 ///< How it was called, for commands to copy.
};

/// One verb's arguments and work. Made for one run.
class Command {
 public:
  virtual ~Command() = default;
  virtual void Declare(Options& options) = 0;

  /// Do the work and return the exit code; a failed Status is printed and gives kExitFailure.
  virtual Result<int> Run(Context& context) = 0;

  /// Whether `--config` is read, so that a bad file stops the verb.
  virtual bool NeedsConfig() const { return true; }
};

/// One row of the table of verbs.
struct Verb {
  std::string_view name;      ///< `ingest`, `table list`
  std::string_view sentence;  ///< One line for the list of verbs.
  std::string_view details;   ///< More for `tapelake VERB --help`; may be empty.
  std::string_view example;   ///< Lines to paste into a shell.
  std::unique_ptr<Command> (*make)();
};

/// All verbs in the order of the help text.
std::span<const Verb> Verbs();

// The commands, one per *_verb.cc.
std::unique_ptr<Command> MakeUpCommand();
std::unique_ptr<Command> MakeCheckCommand();
std::unique_ptr<Command> MakeSimulateCommand();
std::unique_ptr<Command> MakeReplayCommand();
std::unique_ptr<Command> MakeTransformCommand();
std::unique_ptr<Command> MakeIngestCommand();
std::unique_ptr<Command> MakeSqlCommand();
std::unique_ptr<Command> MakeTableListCommand();
std::unique_ptr<Command> MakeTableDescribeCommand();
std::unique_ptr<Command> MakeTableHistoryCommand();
std::unique_ptr<Command> MakeTableFilesCommand();
std::unique_ptr<Command> MakeTableVerifyCommand();
std::unique_ptr<Command> MakeTableCompactCommand();
std::unique_ptr<Command> MakeTableCleanCommand();
std::unique_ptr<Command> MakeTableClusterCommand();
std::unique_ptr<Command> MakeTableDiffCommand();
std::unique_ptr<Command> MakeTableWhyCommand();
std::unique_ptr<Command> MakeTableExportCommand();
std::unique_ptr<Command> MakeTableSavepointCommand();
std::unique_ptr<Command> MakeTableRestoreCommand();
std::unique_ptr<Command> MakeTableDeletePartitionCommand();
std::unique_ptr<Command> MakeTableRollbackCommand();
std::unique_ptr<Command> MakeStreamPutCommand();
std::unique_ptr<Command> MakeStreamGetCommand();
std::unique_ptr<Command> MakeStreamListCommand();
std::unique_ptr<Command> MakeStreamDescribeCommand();
std::unique_ptr<Command> MakeKeysCertifyCommand();
std::unique_ptr<Command> MakeKeysCreateCommand();
std::unique_ptr<Command> MakeKeysListCommand();
std::unique_ptr<Command> MakeKeysRevokeCommand();
std::unique_ptr<Command> MakeStatusCommand();
std::unique_ptr<Command> MakeTapCommand();
std::unique_ptr<Command> MakeTopCommand();
std::unique_ptr<Command> MakeConfigShowCommand();
std::unique_ptr<Command> MakeConfigDocsCommand();
std::unique_ptr<Command> MakeConfigSchemaCommand();
std::unique_ptr<Command> MakeMetricsListCommand();
std::unique_ptr<Command> MakeMetricsDocsCommand();
std::unique_ptr<Command> MakeMeasuresCommand();
std::unique_ptr<Command> MakeAlarmsListCommand();
std::unique_ptr<Command> MakeAlarmsTestCommand();
std::unique_ptr<Command> MakeVersionCommand();

}  // namespace tapelake::cli
