/// The table of verbs.

#include "cli/verb.h"

namespace tapelake::cli {
namespace {

constexpr Verb kVerbs[] = {
    {.name = "up",
     .sentence = "Run the pipeline: simulator or configured sources into Hudi tables.",
     .details = "Prints one status line a second: rate, rows, last commit, freshness (age of the "
                "newest committed change). Ctrl-C drains and commits; a second one stops at once.",
     .example = "tapelake up\ntapelake up --lake /data/lake --rate 500 --duration 1m",
     .make = MakeUpCommand},
    {.name = "check",
     .sentence =
         "Say what is wrong with configuration, lake, tables and sources, without starting.",
     .details = "Exit code 78 if the configuration is wrong, 1 if something else is.",
     .example = "tapelake check --config tapelake.yaml",
     .make = MakeCheckCommand},
    {.name = "simulate",
     .sentence = "Write the change stream of a simulated transactions table, and its final state.",
     .details =
         "A seeded model of the DynamoDB table CryptoTransactions: the same flags give the "
         "same bytes. The expected table is the simulated database's own state, not computed "
         "from the events.",
     .example = "tapelake simulate --seed 7 --changes 20000 --duplicates 0.05 --disorder 60s \\\n"
                "  --events events.ndjson --expected expected.csv",
     .make = MakeSimulateCommand},
    {.name = "replay",
     .sentence = "Play change records or trade dumps at their recorded pace, faster, or unpaced.",
     .details =
         "Without --lake and --table the change records go to stdout (or --events FILE), one "
         "a line; with them they are ingested, with paced commits. With --raw or --errors the "
         "objects of a lake are fed back in the order in which they were cut: into a table each "
         "object counts once, however often it is replayed.",
     .example = "tapelake replay --speed 10x events.ndjson.gz | tapelake transform\n"
                "tapelake replay --raw 2026-11-22T09 2026-11-22T12 --from-lake ./tapelake-data \\\n"
                "  --lake ./rebuilt --table crypto.transactions\n"
                "tapelake replay --errors all --error-type no-partition --table "
                "crypto.transactions\n"
                "tapelake replay BTCUSDT-trades.zip --exchange binance --pair BTC/USDT \\\n"
                "  --speed max --lake ./tapelake-data --table crypto.transactions",
     .make = MakeReplayCommand},
    {.name = "transform",
     .sentence = "Turn change records on stdin into NDJSON rows on stdout.",
     .details = "One record a line: DynamoDB Streams or DynamoDB-to-Kinesis shape, plain JSON or "
                "base64. Records that cannot be rows become error objects, one a line, on stderr, "
                "which holds nothing else. The exit code is 0 also then.",
     .example = "tapelake transform < events.ndjson > rows.ndjson 2> errors.ndjson",
     .make = MakeTransformCommand},
    {.name = "ingest",
     .sentence = "Take what is new in files since the table's last commit, and commit it.",
     .details = "The positions travel inside the commits: running it again takes only what is new, "
                "also from files that have grown. Records that cannot be rows are written to "
                "LAKE/errors.",
     .example =
         "tapelake ingest --once --lake ./tapelake-data --table crypto.transactions "
         "events.ndjson\ntapelake ingest --once --json --table crypto.transactions ./incoming",
     .make = MakeIngestCommand},
    {.name = "sql",
     .sentence = "Query the lake: one statement, a script, or a prompt.",
     .details = "Tables are database.table, read at their newest commit; hudi('PATH') reads any "
                "Hudi table; <table>_enriched adds notional, hour_bucket, fee_rate and risk_band.",
     .example = "tapelake sql --lake ./tapelake-data --format csv \\\n"
                "  'SELECT trading_pair, count(*) FROM crypto.transactions GROUP BY ALL'\n"
                "tapelake sql --format csv \"SELECT count(*) FROM hudi('./tapelake-data/crypto/"
                "transactions')\"",
     .make = MakeSqlCommand},
    {.name = "table list",
     .sentence = "List the tables of a lake.",
     .details = "",
     .example = "tapelake table list --lake ./tapelake-data",
     .make = MakeTableListCommand},
    {.name = "table describe",
     .sentence = "Show a table's columns, properties, file groups, positions, and rules for other "
                 "writers.",
     .details = "",
     .example = "tapelake table describe crypto.transactions --lake ./tapelake-data",
     .make = MakeTableDescribeCommand},
    {.name = "stream put",
     .sentence = "Put records, one a line, into a stream of the running pipeline.",
     .details = "Each batch is acknowledged after it survives power loss; prints how long that "
                "took. Any line can be put: what is no change record becomes an error object.",
     .example = "tapelake stream put crypto.transactions events.ndjson.gz\n"
                "tapelake simulate --changes 1000 | tapelake stream put crypto.transactions "
                "--json",
     .make = MakeStreamPutCommand},
    {.name = "stream get",
     .sentence = "Print the records of a stream, one a line, from any place or time on.",
     .details = "As they were put, in their order, up to the newest one that is durable when it "
                "starts; the pipeline may run or not (then the lake is locked as long as this "
                "takes). They can be put or ingested again: changes that a table has already are "
                "dropped.",
     .example = "tapelake stream get crypto.transactions --from 2026-11-26T09:30 > again.ndjson\n"
                "tapelake stream get crypto.transactions --from 48213 --limit 1",
     .make = MakeStreamGetCommand},
    {.name = "stream list",
     .sentence = "List the streams of a lake.",
     .details = "",
     .example = "tapelake stream list --lake ./tapelake-data",
     .make = MakeStreamListCommand},
    {.name = "stream describe",
     .sentence = "Show a stream's records, size, shards, and whether its pipeline runs.",
     .details = "Reads what is on disk; the pipeline may run or not.",
     .example = "tapelake stream describe crypto.transactions",
     .make = MakeStreamDescribeCommand},
    {.name = "top",
     .sentence =
         "Show the running pipeline and its market in the terminal: pairs, measures, alarms.",
     .details = "What the page shows first, as text. Ctrl-C ends.",
     .example = "tapelake top\ntapelake top --sort volatility --once",
     .make = MakeTopCommand},
    {.name = "tap",
     .sentence = "Show changes as they come into a stream of the running pipeline, filtered.",
     .details =
         "Every change that is durable, whatever ingest will make of it. Records that are no "
         "changes are named on stderr.",
     .example =
         "tapelake tap --pair BTC/USD\ntapelake tap --where 'quantity > 10' --limit 5 --json",
     .make = MakeTapCommand},
    {.name = "status",
     .sentence = "Show each table's last commit, rows, files, freshness, positions and errors.",
     .details = "Reads only what is on disk; the pipeline may run or not.",
     .example = "tapelake status --lake ./tapelake-data\ntapelake status --json",
     .make = MakeStatusCommand},
    {.name = "config show",
     .sentence = "Print the configuration in force, environment variables filled in.",
     .details = "",
     .example = "tapelake config show > tapelake.yaml\ntapelake config show --config tapelake.yaml",
     .make = MakeConfigShowCommand},
    {.name = "config docs",
     .sentence = "Print the reference of all configuration keys as Markdown.",
     .details = "",
     .example = "tapelake config docs | less",
     .make = MakeConfigDocsCommand},
    {.name = "config schema",
     .sentence = "Print a JSON Schema of the configuration, for editors.",
     .details = "",
     .example = "tapelake config schema > tapelake.schema.json",
     .make = MakeConfigSchemaCommand},
    {.name = "metrics list",
     .sentence = "List the metrics that `up` shows at /metrics, one a line.",
     .details = "",
     .example = "tapelake metrics list | grep freshness",
     .make = MakeMetricsListCommand},
    {.name = "metrics docs",
     .sentence = "Print the reference of all metrics as Markdown.",
     .details = "",
     .example = "tapelake metrics docs | less",
     .make = MakeMetricsDocsCommand},
    {.name = "measures",
     .sentence = "Print the reference of all measures of the market as Markdown.",
     .details =
         "What the page and the table `market_measures` show of each pair: windows, formulas, "
         "and why a measure may have no value.",
     .example = "tapelake measures | less",
     .make = MakeMeasuresCommand},
    {.name = "alarms list",
     .sentence = "List the alarm rules in force: the default ones and those of the configuration.",
     .details = "A rule makes an alarm for each series of its metric. States are shown by the page "
                "and `tapelake top`; changes are kept in LAKE/.tapelake/alarms.ndjson.",
     .example = "tapelake alarms list\ntapelake alarms list --config tapelake.yaml --json",
     .make = MakeAlarmsListCommand},
    {.name = "alarms test",
     .sentence = "Send a test message to the configured webhook and say what it answered.",
     .details = "",
     .example = "tapelake alarms test --config tapelake.yaml",
     .make = MakeAlarmsTestCommand},
    {.name = "version",
     .sentence = "Print the version of the program and of its libraries.",
     .details = "",
     .example = "tapelake version --json",
     .make = MakeVersionCommand},
};

}  // namespace

std::span<const Verb> Verbs() {
  return kVerbs;
}

}  // namespace tapelake::cli
