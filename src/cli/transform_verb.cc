#include <optional>

#include <unistd.h>

#include "cli/verb.h"
#include "io/byte_stream.h"
#include "transform/filter.h"

namespace tapelake::cli {
namespace {

class TransformCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Text({.name = "--table",
                  .placeholder = "DATABASE.TABLE",
                  .sentence = "Rename attributes to the columns that the configuration declares "
                              "for this table; without it they keep their names."},
                 &table_);
    options.Flag({.name = "--payload",
                  .placeholder = "",
                  .sentence = "Each line is a Firehose transformation payload and gives its "
                              "response, as the Lambda function does."},
                 &payload_);
  }

  Result<int> Run(Context& context) override {
    transform::FilterOptions options{.table = nullptr, .source = "-", .payload = payload_};
    app::TablePlan plan;
    if (table_) {
      TAPELAKE_ASSIGN_OR_RAISE(plan, app::FindTablePlan(context.tables, *table_, 0, ""));
      options.table = &plan.definition;
    }
    io::DescriptorInput input(STDIN_FILENO);
    io::DescriptorOutput output(STDOUT_FILENO);
    io::DescriptorOutput errors(STDERR_FILENO);
    TAPELAKE_RETURN_NOT_OK(transform::RunFilter(input, output, errors, options).status());
    return kExitOk;
  }

 private:
  std::optional<std::string> table_;
  bool payload_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeTransformCommand() {
  return std::make_unique<TransformCommand>();
}

}  // namespace tapelake::cli
