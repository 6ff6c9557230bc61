#include <cstdio>
#include <memory>
#include <optional>

#include "app/interrupt.h"
#include "app/lake_folder.h"
#include "base/time.h"
#include "cli/change_filter.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "cli/words.h"
#include "serve/local/local_client.h"
#include "transform/ndjson_writer.h"
#include "transform/record_parser.h"

namespace tapelake::cli {
namespace {

constexpr int64_t kPauseMicros = 50'000;

std::string_view TextOf(const record::Change& change, std::string_view name) {
  for (const record::Attribute& attribute : change.image()) {
    if (attribute.name == name) return attribute.text;
  }
  return "-";
}

/// One line for people.
std::string ChangeLine(const record::Change& change) {
  const auto field = [&change](std::string_view name, size_t width) {
    return Padded(Printable(TextOf(change, name)), width) + " ";
  };
  const std::string time =
      change.change_time_micros == 0
          ? std::string("-")
          : base::FormatIso8601Micros(change.change_time_micros).substr(11, 12);
  return time + " " + Padded(std::string(record::EventNameText(change.event)), 6) + " " +
         field("exchange", 9) + field("trading_pair", 10) + field("order_type", 4) +
         field("quantity", 14) + "@ " + field("price", 14) + field("trade_status", 7) +
         Printable(TextOf(change, "transaction_id")) + "\n";
}

class TapCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Text({.name = "--lake",
                  .placeholder = "DIR",
                  .sentence = "Directory of the lake; default is `lake.path` of the "
                              "configuration."},
                 &lake_);
    options.Text({.name = "--pair", .placeholder = "PAIR", .sentence = "Only this trading pair."},
                 &pair_);
    options.Text({.name = "--exchange", .placeholder = "NAME", .sentence = "Only this exchange."},
                 &exchange_);
    options.Text({.name = "--where",
                  .placeholder = "CONDITION",
                  .sentence = "Only changes whose image meets this, for example "
                              "`price >= 1000`, `event = REMOVE` or `wallet_address ~ 0xab`; "
                              "operators are = != < <= > >= ~."},
                 &where_);
    options.Choice({.name = "--from",
                    .placeholder = "",
                    .sentence = "Begin with what comes next or with the first record kept."},
                   {"now", "first"}, &from_);
    options.Integer({.name = "--limit",
                     .placeholder = "N",
                     .sentence = "End after so many changes; default is to run until Ctrl-C."},
                    1, INT64_MAX, &limit_);
    options.Flag({.name = "--json",
                  .placeholder = "",
                  .sentence = "Print each change as the NDJSON line of the raw layer."},
                 &json_);
    options.Positional({.name = "",
                        .placeholder = "STREAM",
                        .sentence = "Stream; default is the first configured table's.",
                        .repeated = true},
                       &arguments_);
  }

  Result<int> Run(Context& context) override {
    if (arguments_.size() > 1) {
      return MakeError(ErrorKind::kInvalid, "'" + arguments_[1] + "' is one argument too many");
    }
    const std::string stream = !arguments_.empty() ? arguments_.front()
                               : context.tables.empty()
                                   ? std::string("crypto.transactions")
                                   : context.tables.front().definition.QualifiedName();
    TAPELAKE_ASSIGN_OR_RAISE(const ChangeFilter filter, ChangeFilter::Make(Conditions()));
    const std::string lake = lake_.value_or(context.config.lake.path);
    auto client = serve::LocalClient::Connect(app::SocketPath(lake));
    if (!client.ok()) {
      return WithHint(client.status(), "'tapelake up' starts the pipeline whose changes are shown");
    }
    app::CatchInterrupts();
    return Follow(context.world.clock, **client, stream, filter);
  }

 private:
  std::vector<std::string> Conditions() const {
    std::vector<std::string> conditions;
    if (pair_) conditions.push_back("trading_pair = " + *pair_);
    if (exchange_) conditions.push_back("exchange = " + *exchange_);
    if (where_) conditions.push_back(*where_);
    return conditions;
  }

  Result<int> Follow(io::Clock& clock, serve::LocalClient& client, const std::string& stream,
                     const ChangeFilter& filter) {
    serve::TailRequest request{.stream = stream, .from_sequence = serve::TailRequest::kNewest};
    if (from_ == "first") request.from_sequence = serve::TailRequest::kOldest;
    while (!app::Interrupted()) {
      auto reply = client.Tail(request);
      if (!reply.ok()) return reply.status();
      request.from_sequence = reply->next_sequence;
      for (std::string& record : reply->records) {
        if (Show(&record, filter) && limit_ && ++shown_ >= *limit_) return Ended();
      }
      TAPELAKE_RETURN_NOT_OK(FlushOutput());
      if (reply->records.empty()) clock.Sleep(kPauseMicros);
    }
    return Ended();
  }

  /// Print a record if it is a change that passes; what is no change is an error object's matter.
  bool Show(std::string* record, const ChangeFilter& filter) {
    const size_t size = record->size();
    record->append(record::kRecordPaddingBytes, '\0');
    const std::string_view bytes = std::string_view(*record).substr(0, size);
    if (parser_.Parse(bytes) != transform::ParseError::kNone) {
      PrintNote("a record that is no change: " + parser_.reason());
      return false;
    }
    if (!filter.Matches(parser_.change())) return false;
    if (json_) {
      line_.clear();
      ndjson_.Append(parser_.change(), &line_);
      Print(line_);
    } else {
      Print(ChangeLine(parser_.change()));
    }
    return true;
  }

  static Result<int> Ended() {
    TAPELAKE_RETURN_NOT_OK(FlushOutput());
    return kExitOk;
  }

  std::optional<std::string> lake_;
  std::optional<std::string> pair_;
  std::optional<std::string> exchange_;
  std::optional<std::string> where_;
  std::string from_ = "now";
  std::optional<int64_t> limit_;
  bool json_ = false;
  std::vector<std::string> arguments_;
  transform::RecordParser parser_;
  transform::NdjsonWriter ndjson_;
  std::string line_;
  int64_t shown_ = 0;
};

}  // namespace

std::unique_ptr<Command> MakeTapCommand() {
  return std::make_unique<TapCommand>();
}

}  // namespace tapelake::cli
