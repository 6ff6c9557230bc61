#include "cli/file_flags.h"

#include "app/feed.h"

namespace tapelake::cli {

void DeclareLake(Options& options, std::optional<std::string>* lake) {
  options.Text({.name = "--lake",
                .placeholder = "DIR",
                .sentence = "Directory of the lake; default is `lake.path` of the configuration."},
               lake);
}

void TableFlags::Declare(Options& options) {
  DeclareLake(options, &lake_);
  options.Text({.name = "--table",
                .placeholder = "DATABASE.TABLE",
                .sentence = "The table; made if it does not exist. Default is the first one of the "
                            "configuration."},
               &table_);
  options.Choice({.name = "--type",
                  .placeholder = "",
                  .sentence = "Type of a new table: merge-on-read or copy-on-write; default is "
                              "`type` of the configuration."},
                 {"mor", "cow"}, &type_);
  options.Integer({.name = "--buckets",
                   .placeholder = "N",
                   .sentence = "File groups per partition of a new table."},
                  1, 4096, &buckets_);
}

std::string TableFlags::LakePath(const Context& context) const {
  return lake_.value_or(context.config.lake.path);
}

Result<app::TablePlan> TableFlags::FindPlan(const Context& context) const {
  std::string name = table_.value_or("");
  if (name.empty() && !context.tables.empty()) {
    name = context.tables.front().definition.QualifiedName();
  }
  return app::FindTablePlan(context.tables, name, buckets_.value_or(0), type_);
}

void FormatFlags::Declare(Options& options) {
  options.Choice({.name = "--format",
                  .placeholder = "",
                  .sentence = "What the files hold: change records (ndjson), trade dumps, or raw "
                              "objects of a delivery."},
                 {"auto", "ndjson", "trades", "raw"}, &format_);
  options.Choice({.name = "--shape",
                  .placeholder = "",
                  .sentence = "Record shape that trade dumps are turned into; default is streams."},
                 {"streams", "kinesis"}, &shape_);
  options.Text({.name = "--exchange",
                .placeholder = "NAME",
                .sentence = "Exchange of a trade dump; default is binance."},
               &exchange_);
  options.Text({.name = "--pair",
                .placeholder = "BASE/QUOTE",
                .sentence = "Trading pair of a trade dump that names none, for example BTC/USDT."},
               &pair_);
}

source::FileSourceOptions FormatFlags::OptionsFor(const config::SourceConfig& source) const {
  source::FileSourceOptions options = app::FileOptionsOf(source);
  if (format_ != "auto") options.format = app::ParseContent(format_).value_or(options.format);
  if (!shape_.empty()) options.shape = app::ShapeOf(shape_);
  if (!exchange_.empty()) options.exchange = exchange_;
  if (!pair_.empty()) options.pair = pair_;
  return options;
}

}  // namespace tapelake::cli
