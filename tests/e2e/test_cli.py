"""The program's manners: help, errors, exit codes, configuration."""

import json
import re

import pytest

from support import program

VERBS = ["up", "check", "simulate", "replay", "transform", "ingest", "sql", "table list",
         "table describe", "table history", "table files", "table verify", "table compact",
         "table clean", "table diff", "table why", "table export", "table cluster",
         "table savepoint", "table restore", "table rollback", "table delete-partition",
         "stream put", "stream get", "stream list", "stream describe", "keys certify",
         "keys create", "keys list", "keys revoke", "top", "tap", "status", "config show",
         "config docs", "config schema", "version"]


def refused(*arguments, **more):
    """Run what must fail; return exit code and the lines on stderr."""
    done = program.run(*arguments, check=False, **more)
    assert done.returncode != 0
    assert done.stdout == b""
    return done.returncode, done.stderr.decode().splitlines()


def test_help_lists_every_verb_with_one_sentence():
    text = program.run("--help").stdout.decode()
    for verb in VERBS:
        assert re.search(rf"^  {verb} +[A-Z].*[a-z]", text, re.MULTILINE), verb
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb):
    text = program.run(*verb.split(), "--help").stdout.decode()
    assert f"Usage: tapelake {verb}" in text
    usage, _, example = text.partition("Example:\n")
    assert f"tapelake {verb}" in example
    assert "--config FILE" in usage
    assert program.run("help", *verb.split()).stdout.decode() == text


def test_no_verb_shows_the_help_and_is_a_mistake():
    done = program.run(check=False)
    assert done.returncode == 2
    assert b"Verbs:" in done.stdout


@pytest.mark.parametrize("arguments, what, hint", [
    (["ingset"], "unknown verb 'ingset'", "did you mean 'tapelake ingest'?"),
    (["table", "lst"], "unknown verb 'table lst'", "did you mean 'tapelake table list'?"),
    (["frobnicate"], "unknown verb 'frobnicate'", "'tapelake --help' lists the verbs"),
    (["status", "--lkae", "x"], "unknown flag '--lkae'", "did you mean '--lake'?"),
    (["simulate", "--changes", "many"], "--changes = 'many' is no whole number",
     "allowed: 1 to 1000000000"),
    (["simulate", "--duplicates", "5"], "--duplicates = '5' is no fraction",
     "write a number from 0 to 1, for example 0.05"),
    (["simulate", "--disorder", "60"], "--disorder = '60' is no duration",
     "write a whole number and a unit: 500ms, 60s, 10m or 1h"),
    (["simulate", "--shape", "kafka"], "--shape = 'kafka' is not known",
     "one of: streams, kinesis"),
    (["sql", "SELECT 1", "extra"], "argument 'extra' is one too many",
     "put arguments that hold spaces in quotes"),
    (["table", "describe"], "DATABASE.TABLE is missing", "give it as an argument"),
    (["status", "--lake"], "--lake has no value", "write --lake DIR"),
    (["ingest", "--type", "lsm", "x"], "--type = 'lsm' is not known", "one of: mor, cow"),
])
def test_a_wrong_command_line_names_value_and_remedy(arguments, what, hint):
    code, lines = refused(*arguments)
    assert code == 2
    assert lines == [f"tapelake: error: {what}", f"  hint: {hint}"]


@pytest.mark.parametrize("arguments, what", [
    (["table", "restore", "crypto.nothing", "yesterday"], "'yesterday' is no instant"),
    (["table", "verify", "crypto.nothing"], "no table 'crypto.nothing' in the lake"),
    (["table", "describe", "crypto.nothing"], "no table 'crypto.nothing' in the lake"),
    (["ingest", "--once", "--table", "crypto.transactions", "absent.ndjson"], "absent.ndjson"),
    (["ingest", "--once", "--table", "transactions", "x"], "DATABASE.TABLE"),
    (["ingest", "--once"], "no file given"),
    (["replay", "--speed", "fast", "x"], "--speed = 'fast'"),
    (["sql", "SELECT * FROM nowhere"], "nowhere"),
    (["sql", "--format", "parquet", "SELECT 1"], "--output"),
    (["simulate", "--start", "yesterday"], "--start = 'yesterday'"),
])
def test_a_failure_names_what_and_a_remedy(tmp_path, arguments, what):
    code, lines = refused(*arguments, cwd=tmp_path)
    assert code == 1
    assert lines[0].startswith("tapelake: error: ")
    assert what in "\n".join(lines)
    assert lines[-1].startswith("  hint: ")
    assert not (tmp_path / "tapelake-data").exists(), "a refused command leaves nothing behind"


def test_a_bad_configuration_is_refused_with_every_mistake(tmp_path):
    config = tmp_path / "bad.yaml"
    config.write_text("comit: {}\nquery:\n  threads: 0\nlake:\n  path: ${NOT_SET_ANYWHERE}\n")
    for verb in (["up"], ["check"], ["status"], ["sql", "SELECT 1"], ["config", "show"]):
        code, lines = refused(*verb, "--config", config)
        assert code == 78
        assert lines == [
            f"tapelake: error: the environment variable NOT_SET_ANYWHERE is not set ({config}:5:9)",
            "  hint: set NOT_SET_ANYWHERE, or give a default: ${NOT_SET_ANYWHERE:-value}",
            f"tapelake: error: query.threads = '0' is out of range ({config}:3:12)",
            "  hint: allowed: 1 to 256",
            f"tapelake: error: unknown key 'comit' ({config}:1:1)",
            "  hint: did you mean 'commit'?",
        ]


@pytest.mark.parametrize("yaml, what", [
    ("tables: [{name: a, type: lsm}]", "tables[0].type = 'lsm' is not known"),
    ("tables: [{name: a, columns: [{name: transaction_id, type: text}]}]", "unknown column type"),
    ("tables: [{name: a, key: absent}]", "absent"),
    ("lake: [", "no valid YAML"),
])
def test_a_bad_table_is_bad_configuration(tmp_path, yaml, what):
    config = tmp_path / "bad.yaml"
    config.write_text(yaml)
    code, lines = refused("check", "--config", config)
    assert code == 78
    assert what in lines[0] and f"({config}:1:" in lines[0]


def test_a_configuration_that_is_not_there_is_refused(tmp_path):
    code, lines = refused("status", "--config", tmp_path / "absent.yaml")
    assert code == 78
    assert "absent.yaml" in lines[0]


def test_the_environment_fills_the_configuration(tmp_path, monkeypatch):
    config = tmp_path / "tapelake.yaml"
    config.write_text("lake: {path: \"${LAKE_FOR_TEST}/lake\"}\n")
    monkeypatch.setenv("LAKE_FOR_TEST", str(tmp_path))
    shown = json.loads(program.run("config", "show", "--json", "--config", config).stdout)
    assert shown["lake"]["path"] == f"{tmp_path}/lake"
    before_verb = program.run("--config", config, "config", "show", "--json")
    assert json.loads(before_verb.stdout) == shown


def test_config_show_can_be_read_back(tmp_path):
    config = tmp_path / "shown.yaml"
    config.write_bytes(program.run("config", "show").stdout)
    assert program.run("config", "show", "--config", config).stdout == config.read_bytes()


def test_the_schema_describes_the_defaults():
    schema = json.loads(program.run("config", "schema").stdout)
    defaults = json.loads(program.run("config", "show", "--json").stdout)
    assert set(schema["properties"]) == set(defaults)
    assert set(schema["properties"]["tables"]["items"]["properties"]) == set(defaults["tables"][0])
    assert schema["properties"]["commit"]["properties"]["interval"]["default"] == \
        defaults["commit"]["interval"]


def test_version_names_the_parts():
    parts = json.loads(program.run("version", "--json").stdout)
    assert {"version", "build", "compiler", "arrow", "duckdb"} <= set(parts)
    text = program.run("--version").stdout.decode()
    assert parts["version"] in text and parts["duckdb"] in text


def test_a_full_disk_under_stdout_is_noticed():
    with open("/dev/full", "wb") as full:
        import subprocess
        done = subprocess.run([program.binary(), "config", "docs"], stdout=full,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b"cannot write to stdout" in done.stderr
