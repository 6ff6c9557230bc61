"""A real Prometheus scrapes the running pipeline."""

import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager

import pytest

from support import program

PATIENCE_S = 60


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.1)
    pytest.fail(f"waited {PATIENCE_S} s for {what}")


# Everything here is on this machine: no proxy.
HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url) -> bytes | None:
    try:
        with HTTP.open(url, timeout=5) as answer:
            return answer.read()
    except OSError:
        return None


@contextmanager
def ended(process):
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@contextmanager
def pipeline(folder):
    """`up` with an HTTP port that the system chooses; yields its address."""
    lake = folder / "lake"
    config = folder / "tapelake.yaml"
    config.write_text(f"{program.ANY_PORT}lake: {{path: {lake}}}\n")
    with open(folder / "up.log", "wb") as log:
        up = subprocess.Popen([program.binary(), "up", "--rate", "500", "--history", "0s",
                               "--config", config],
                              stdout=log, stderr=subprocess.STDOUT)
    with ended(up):
        known = lake / ".tapelake/http.json"
        wait_for(lambda: known.exists() or up.poll() is not None, "the HTTP port")
        assert up.poll() is None, (folder / "up.log").read_text()
        yield json.loads(known.read_text())["address"]


@contextmanager
def prometheus(folder, target):
    """Prometheus scraping `target` every second; yields its own address."""
    config = folder / "prometheus.yml"
    config.write_text(f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: tapelake
    static_configs: [{{targets: ['{target}']}}]
""")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with open(folder / "prometheus.log", "wb") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address={address}"], stdout=log, stderr=subprocess.STDOUT)
    with ended(process):
        wait_for(lambda: get(f"http://{address}/-/ready"), "Prometheus")
        yield address


def query(address, expression) -> dict[str, float]:
    """The answer to an instant query: series as text -> value."""
    url = f"http://{address}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    answer = json.loads(get(url))
    assert answer["status"] == "success", answer
    return {json.dumps(entry["metric"], sort_keys=True): float(entry["value"][1])
            for entry in answer["data"]["result"]}


def test_prometheus_scrapes_and_promtool_is_content(tmp_path):
    with pipeline(tmp_path) as target, prometheus(tmp_path, target) as address:
        wait_for(lambda: sum(query(address, "tapelake_ingest_applied_records_total").values()) > 500,
                 "500 changes in Prometheus")
        assert list(query(address, 'up{job="tapelake"}').values()) == [1]
        # A rate takes two scrapes.
        wait_for(lambda: query(address, "rate(tapelake_stream_shard_records_total[30s]) > 0"),
                 "a rate")
        quantile = wait_for(lambda: query(address, (
            "histogram_quantile(0.9, "
            "rate(tapelake_ingest_commit_duration_seconds_bucket[30s])) > 0")), "a quantile")
        assert all(seconds < 10 for seconds in quantile.values())
        text = get(f"http://{target}/metrics")
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                                 timeout=PATIENCE_S, check=False)
        assert checked.returncode == 0 and checked.stderr == b"", checked.stderr.decode()
