#pragma once

/// Flags that several verbs share.

#include <optional>
#include <string>

#include "app/table_plan.h"
#include "cli/verb.h"
#include "source/file_source.h"

namespace tapelake::cli {

/// `--lake`, `--table`, `--type`, `--buckets`: which table, and how it is made if it is new.
class TableFlags {
 public:
  void Declare(Options& options);

  /// The lake: `--lake`, else `lake.path` of the configuration.
  std::string LakePath(const Context& context) const;
  /// `--table`, else the first configured table. Errors: kInvalid (name).
  Result<app::TablePlan> FindPlan(const Context& context) const;
  bool lake_given() const { return lake_.has_value(); }
  bool table_given() const { return table_.has_value(); }
  std::string name() const { return table_.value_or(""); }

 private:
  std::optional<std::string> lake_;
  std::optional<std::string> table_;
  std::string type_;
  std::optional<int64_t> buckets_;
};

/// `--format`, `--shape`, `--exchange`, `--pair`: what the files hold.
class FormatFlags {
 public:
  void Declare(Options& options);

  /// What the flags say, over what the configuration says about the table's source.
  source::FileSourceOptions OptionsFor(const config::SourceConfig& source) const;

 private:
  std::string format_ = "auto";
  std::string shape_;
  std::string exchange_;
  std::string pair_;
};

/// `--lake DIR` alone, for verbs that only read. Empty: not given.
void DeclareLake(Options& options, std::optional<std::string>* lake);

}  // namespace tapelake::cli
