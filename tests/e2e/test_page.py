"""The page's port of the running program, and the verbs that show the same in a terminal."""

import http.client
import json
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from support import program

PATIENCE_S = 60


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A lake whose pipeline runs, with some simulated past."""
    folder = tmp_path_factory.mktemp("page")
    with open(folder / "up.log", "wb") as log:
        process = subprocess.Popen(
            [program.binary(), "up", "--lake", folder / "lake", "--rate", "100", "--history", "10m",
             "--listen", "127.0.0.1:0"], stdout=log, stderr=log)
    found = program.Lake(folder / "lake")
    found.log = folder / "up.log"
    wait_for(lambda: "BTC/USDT" in (row["pair"] for row in ask(found, "overview")["rows"]), "a market")
    yield found
    process.terminate()
    assert process.wait(PATIENCE_S) == 0
    assert not place_of(found).exists(), "where the page was is no longer said"


def place_of(lake):
    return lake.path / ".tapelake" / "http.json"


def url_of(lake) -> str:
    return json.loads(wait_for(lambda: place_of(lake).exists() and place_of(lake).read_text(),
                               "the port"))["url"]


def ask(lake, what):
    with urllib.request.urlopen(url_of(lake) + "api/v1/" + what) as answer:
        return json.load(answer)


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.1)
    pytest.fail(f"waited {PATIENCE_S} s for {what}")


def test_up_says_where_the_page_is_and_serves_it_locked_down(lake):
    assert f"The market is at  {url_of(lake)}" in lake.log.read_text()
    with urllib.request.urlopen(url_of(lake)) as answer:
        page = answer.read().decode()
        policy = answer.headers["Content-Security-Policy"]
    assert "<title>" in page and "<script>" not in page
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_the_api_answers_and_refuses(lake):
    bars = ask(lake, "bars?pair=BTC/USDT&exchange=*&interval=1m&from_ms=0&to_ms=4000000000000&limit=9")
    assert 1 <= len(bars["bars"]) <= 9
    for request, status in (("api/v1/bars?pair=NO/SUCH&exchange=*&interval=1m&from_ms=0&to_ms=1&limit=1", 404),
                            ("api/v1/bars?pair=BTC/USDT&exchange=*&interval=2m&from_ms=0&to_ms=1&limit=1", 400),
                            ("api/v1/overview?token=x", 400), ("nothing", 404)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url_of(lake) + request)
        assert refused.value.code == status, request
    stranger = urllib.request.Request(url_of(lake) + "api/v1/overview", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(stranger)
    assert refused.value.code == 403


def test_sql_of_the_page_reads_the_lake_and_nothing_else(lake):
    def run(sql):
        body = json.dumps({"sql": sql, "limit": 5}).encode()
        request = urllib.request.Request(url_of(lake) + "api/v1/sql", data=body,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    answer = run("SELECT count(*) AS n FROM crypto.transactions")
    assert answer["columns"] == [{"name": "n", "type": "BIGINT"}]
    assert int(answer["rows"][0][0]) > 0
    for sql in ("SELECT * FROM read_text('/etc/hostname')", "CREATE TABLE t (a INT)", "SELECT 1; SELECT 2"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            run(sql)
        assert refused.value.code == 400, sql


def test_a_statement_ends_when_its_client_has_gone(lake):
    def abandoned() -> float:
        with urllib.request.urlopen(url_of(lake) + "metrics") as answer:
            lines = answer.read().decode().splitlines()
        name = 'tapelake_query_statements_total{outcome="abandoned"} '
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    endless = "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b"
    for count, (path, more) in enumerate((("sql", {}), ("sql/export", {"format": "csv"})), start=1):
        client = http.client.HTTPConnection(json.loads(place_of(lake).read_text())["address"])
        client.request("POST", "/api/v1/" + path, json.dumps({"sql": endless} | more),
                       {"Content-Type": "application/json"})
        time.sleep(0.3)  # so that it mostly runs; if not, it must not begin
        client.close()
        wait_for(lambda wanted=count: abandoned() == wanted, f"the end of {path}")


def test_top_shows_the_same_market(lake):
    shown = program.run("top", "--lake", lake.path, "--once").stdout.decode()
    for pair in (row["pair"] for row in ask(lake, "overview")["rows"]):
        assert pair in shown
    assert "crypto.transactions" in shown and "alarms: " in shown
    found = json.loads(program.run("top", "--lake", lake.path, "--json").stdout)
    assert {"overview", "pipeline", "alarms"} == set(found)


def test_tap_shows_changes_that_meet_its_conditions(lake):
    done = program.run("tap", "--lake", lake.path, "--pair", "BTC/USDT", "--where", "event = MODIFY",
                       "--limit", "3", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 3
    assert all(line["trading_pair"] == "BTC/USDT" and line["event_name"] == "MODIFY" for line in lines)
    first = program.run("tap", "--lake", lake.path, "--from", "first", "--limit", "1").stdout.decode()
    assert "INSERT" in first


def test_top_and_tap_without_a_pipeline_say_what_to_do(tmp_path):
    for verb in ("top", "tap"):
        done = program.run(verb, "--lake", tmp_path / "none", check=False)
        assert done.returncode == 1
        assert b"tapelake up" in done.stderr


def test_a_taken_port_is_named(lake, tmp_path):
    address = json.loads(place_of(lake).read_text())["address"]
    done = program.run("up", "--lake", tmp_path / "other", "--listen", address, check=False)
    assert done.returncode == 1
    assert address.encode() in done.stderr
