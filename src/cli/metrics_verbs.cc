#include "app/metrics.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "market/measure.h"
#include "metrics/registry.h"

namespace tapelake::cli {
namespace {

class MetricsListCommand : public Command {
 public:
  void Declare(Options&) override {}
  bool NeedsConfig() const override { return false; }
  Result<int> Run(Context&) override {
    for (const metrics::MetricDef* def : app::AllMetrics()) {
      std::string line(def->name);
      for (size_t i = 0; i < def->label_count(); ++i)
        line.append(i == 0 ? "{" : ",").append(def->labels[i]);
      if (def->label_count() > 0) line += "}";
      Print(line.append("  ").append(def->help).append("\n"));
    }
    return kExitOk;
  }
};

class MetricsDocsCommand : public Command {
 public:
  void Declare(Options&) override {}
  bool NeedsConfig() const override { return false; }
  Result<int> Run(Context&) override {
    Print(metrics::MetricsMarkdown(app::AllMetrics()));
    return kExitOk;
  }
};

class MeasuresCommand : public Command {
 public:
  void Declare(Options&) override {}
  bool NeedsConfig() const override { return false; }
  Result<int> Run(Context&) override {
    Print(market::MeasureCatalogMarkdown());
    return kExitOk;
  }
};

}  // namespace

std::unique_ptr<Command> MakeMetricsListCommand() {
  return std::make_unique<MetricsListCommand>();
}

std::unique_ptr<Command> MakeMetricsDocsCommand() {
  return std::make_unique<MetricsDocsCommand>();
}

std::unique_ptr<Command> MakeMeasuresCommand() {
  return std::make_unique<MeasuresCommand>();
}

}  // namespace tapelake::cli
