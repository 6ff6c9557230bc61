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
    {.name = "table history",
     .sentence =
         "Show what happened to a table: commits, compactions, cleans, restores, savepoints.",
     .details = "The newest first, one instant a line, from the timeline alone.",
     .example = "tapelake table history crypto.transactions --limit 20\n"
                "tapelake table history crypto.transactions --all --json",
     .make = MakeTableHistoryCommand},
    {.name = "table files",
     .sentence = "List a table's data files, what each is good for, and which savepoints pin it.",
     .details = "latest: read by queries now. superseded, replaced: read by time travel until a "
                "clean takes them. pending: of an instant that is begun. uncommitted: seen by no "
                "reader.",
     .example = "tapelake table files crypto.transactions\n"
                "tapelake table files crypto.transactions --use superseded --json",
     .make = MakeTableFilesCommand},
    {.name = "table verify",
     .sentence = "Prove that a table is what its timeline says; name everything that is not so.",
     .details =
         "Reads every byte of the table: checksums, footers, key filters, sizes and counts, files "
         "that are missing or belong to nobody, dead instants, each key once, `_change_seq` "
         "growing "
         "from commit to commit. Exit code 1 if anything is wrong. Any Hudi table of version 6.",
     .example = "tapelake table verify crypto.transactions\n"
                "tapelake table verify ./spark-table/ --json\n"
                "tapelake table verify crypto.transactions --repair",
     .make = MakeTableVerifyCommand},
    {.name = "table diff",
     .sentence = "Show the rows that differ between two commits of a table.",
     .details = "+ inserted, - deleted, ~ updated, with the columns that changed. Reads only the "
                "file groups that commits in between wrote. Commits whose files were cleaned are "
                "refused.",
     .example =
         "tapelake table diff crypto.transactions 20261122190204123\n"
         "tapelake table diff crypto.transactions 20261122190204123 20261122190311008 --json",
     .make = MakeTableDiffCommand},
    {.name = "table why",
     .sentence = "Tell a key's whole story: events, errors, commits, and the row as it is now.",
     .details = "Events and errors come from the raw layer of the table's lake, commits from the "
                "timeline and its archive. Commits whose files were cleaned are counted only.",
     .example = "tapelake table why crypto.transactions tx-000042\n"
                "tapelake table why crypto.transactions tx-000042 --json",
     .make = MakeTableWhyCommand},
    {.name = "table export",
     .sentence = "Write all rows of a table as CSV, NDJSON or Parquet.",
     .details = "A snapshot, the newest unless told otherwise, without Hudi's own columns; exact "
                "values, as `tapelake sql` prints them.",
     .example = "tapelake table export crypto.transactions > rows.csv\n"
                "tapelake table export crypto.transactions --format parquet --output rows.parquet",
     .make = MakeTableExportCommand},
    {.name = "table compact",
     .sentence = "Turn all log files of a merge-on-read table into base files now.",
     .details = "A running pipeline does this by itself (`compaction` in the configuration); this "
                "is for tables at rest.",
     .example = "tapelake table compact crypto.transactions",
     .make = MakeTableCompactCommand},
    {.name = "table clean",
     .sentence = "Delete files that no query, savepoint or time travel within bounds needs.",
     .details = "A running pipeline does this by itself (`history` in the configuration); this is "
                "for tables at rest, and finds also what a deleted savepoint had kept.",
     .example = "tapelake table clean crypto.transactions --hours 24\n"
                "tapelake table clean crypto.transactions --versions 1 --readers 0s",
     .make = MakeTableCleanCommand},
    {.name = "table cluster",
     .sentence = "Merge small files of a partition, with their logs, into bigger ones (tables "
                 "without buckets).",
     .details = "For tables with the indexes bloom and simple, which Spark has by default. With a "
                "bucket index file groups follow from the keys and are never merged. A running "
                "pipeline merges the smallest by itself (`clustering` in the configuration); this "
                "is for tables at rest, and makes bigger files.",
     .example = "tapelake table cluster ./spark-table/ --small-mib 64 --target-mib 120",
     .make = MakeTableClusterCommand},
    {.name = "table savepoint",
     .sentence = "Pin a commit, so that its files stay and the table can be restored to it.",
     .details = "Neither the commit nor what follows it is archived while the savepoint is there. "
                "Spark sees the savepoint, and may restore it, too.",
     .example = "tapelake table savepoint crypto.transactions --comment 'before the backfill'\n"
                "tapelake table savepoint crypto.transactions 20261122190204123 --delete",
     .make = MakeTableSavepointCommand},
    {.name = "table restore",
     .sentence = "Take a table back to a commit; everything later is gone for good.",
     .details =
         "Needs the commit's savepoint, or that nothing it needs was cleaned. A pipeline that "
         "starts afterwards goes on from the positions of that commit: it takes again what "
         "its stream still holds.",
     .example = "tapelake table restore crypto.transactions 20261122190204123",
     .make = MakeTableRestoreCommand},
    {.name = "table rollback",
     .sentence = "Undo the newest commit of a table, as if it had never been.",
     .details = "A pipeline that starts afterwards takes again what its stream still holds.",
     .example = "tapelake table rollback crypto.transactions",
     .make = MakeTableRollbackCommand},
    {.name = "table delete-partition",
     .sentence = "Remove all rows of whole partitions, at once.",
     .details = "Nothing is rewritten: the partitions' files stay for earlier instants until they "
                "are cleaned, and 'tapelake table rollback' brings the rows back as long as it is "
                "the newest commit. Spark does the same by delete_partition.",
     .example = "tapelake table delete-partition crypto.transactions event_date=2026-11-20",
     .make = MakeTableDeletePartitionCommand},
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
    {.name = "keys certify",
     .sentence =
         "Make a certificate for the AWS-compatible door, by an authority of the lake's own.",
     .details =
         "For localhost, 127.0.0.1, ::1 and each HOST; in place of the one before. Prints the "
         "file that clients must trust, as the environment variable that AWS clients read. "
         "The authority is made at the first time and kept (LAKE/.tapelake/tls): whoever has "
         "its key can pass for any host to who trusts it.",
     .example = "tapelake keys certify lake.internal 192.0.2.7\n"
                "export $(tapelake keys certify) AWS_ENDPOINT_URL=https://localhost:4566",
     .make = MakeKeysCertifyCommand},
    {.name = "keys create",
     .sentence = "Make a key pair for clients of the AWS-compatible door.",
     .details = "Prints it as the two environment variables that AWS clients read, this once: the "
                "file of keys (LAKE/.tapelake/keys.json) is for its user alone. A running pipeline "
                "takes the key at once.",
     .example = "tapelake keys create --name billing\n"
                "export $(tapelake keys create) AWS_ENDPOINT_URL=http://127.0.0.1:4566",
     .make = MakeKeysCreateCommand},
    {.name = "keys list",
     .sentence = "List the key pairs of the AWS-compatible door, without their secrets.",
     .details = "",
     .example = "tapelake keys list\ntapelake keys list --json",
     .make = MakeKeysListCommand},
    {.name = "keys revoke",
     .sentence = "Take a key pair back: what it signs is refused from then on.",
     .details = "A running pipeline knows it within a second.",
     .example = "tapelake keys revoke AKIAEXAMPLEEXAMPLE23",
     .make = MakeKeysRevokeCommand},
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
