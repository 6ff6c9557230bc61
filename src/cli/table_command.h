#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/lake.h"
#include "base/json.h"
#include "cli/verb.h"

namespace tapelake::cli {

/// A verb that works on one table: `--lake`, `--json` and DATABASE.TABLE (or the path of any Hudi
/// table) are declared; the verb adds what is its own.
class TableCommand : public Command {
 public:
  void Declare(Options& options) override;

 protected:
  /// Declare more arguments, positional ones after DATABASE.TABLE.
  virtual void DeclareMore(Options& options) = 0;

  Result<app::TableName> FindTable(Context& context) const;
  bool json() const { return json_; }

  /// `instant`, checked to be one. Errors: kInvalid.
  static Result<std::string> CheckInstant(const std::string& instant);

 private:
  std::optional<std::string> lake_;
  bool json_ = false;
  std::vector<std::string> table_;
};

/// Write `text`, or null if it is empty.
void WriteTextOrNull(base::JsonWriter* writer, const std::string& text);

}  // namespace tapelake::cli
