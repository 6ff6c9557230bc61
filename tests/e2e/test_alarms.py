"""Alarms seen from outside: rules, the webhook, the log."""

import json
import subprocess

import pytest

from support import program
from support.tls import self_signed
from support.webhook import receiver

PATIENCE_S = 60


def write_config(folder, text):
    path = folder / "tapelake.yaml"
    path.write_text(text)
    return path


def test_a_test_message_reaches_the_webhook(tmp_path):
    with receiver() as server:
        config = write_config(
            tmp_path, f"alarms: {{webhook: 'http://127.0.0.1:{server.server_port}/hook?key=1'}}\n")
        done = program.run("alarms", "test", "--config", config)
    assert f"http://127.0.0.1:{server.server_port} took a test message (204)" in done.stdout.decode()
    [(path, headers, message)] = server.posted
    assert path == "/hook?key=1"
    assert headers["Content-Type"] == "application/json"
    assert message["event"] == "alarm" and message["name"] == "test"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_does_not_take_it_is_named_without_its_path(tmp_path, status):
    with receiver(status) as server:
        config = write_config(
            tmp_path, f"alarms: {{webhook: 'http://127.0.0.1:{server.server_port}/secret'}}\n")
        done = program.run("alarms", "test", "--config", config, check=False)
    assert done.returncode == 1
    assert f"answered {status}" in done.stderr.decode()
    assert "secret" not in done.stderr.decode()
    assert len(server.posted) == 1, "a redirect is not followed"


def test_a_certificate_that_nobody_signed_is_refused(tmp_path):
    certificate, context = self_signed(tmp_path)
    with receiver(context=context) as server:
        url = f"https://127.0.0.1:{server.server_port}/hook"
        config = write_config(tmp_path, f"alarms: {{webhook: '{url}'}}\n")
        done = program.run("alarms", "test", "--config", config, check=False)
        assert done.returncode == 1
        assert "certificate" in done.stderr.decode()
        assert server.posted == []
        trusting = subprocess.run(
            [program.binary(), "alarms", "test", "--config", config], capture_output=True,
            env={"SSL_CERT_FILE": str(certificate)}, timeout=PATIENCE_S, check=False)
        assert trusting.returncode == 0, trusting.stderr
        assert len(server.posted) == 1, "the same, trusted: so it was the certificate"


def test_an_alarm_of_the_running_pipeline_reaches_log_stderr_and_webhook(tmp_path):
    with receiver() as server:
        config = write_config(tmp_path, f"""
lake: {{path: {tmp_path}/lake}}
dashboard: {{enabled: false}}
alarms:
  defaults: false
  webhook: http://127.0.0.1:{server.server_port}/hook
  rules:
    - name: busy
      metric: tapelake_ingest_received_records_total
      labels: [table=crypto.transactions]
      statistic: Sum
      period: 1s
      threshold: 5
""")
        with open(tmp_path / "up.log", "wb") as log:
            up = subprocess.Popen([program.binary(), "up", "--rate", "200", "--history", "0s",
                                   "--config", config],
                                  stdout=log, stderr=subprocess.STDOUT)
            try:
                assert server.arrived.acquire(timeout=PATIENCE_S), "no message came"
            finally:
                up.terminate()
                assert up.wait(PATIENCE_S) == 0
    message = server.posted[0][2]
    assert (message["name"], message["to"]) == ("busy", "ALARM")
    assert message["labels"] == {"table": "crypto.transactions"}
    assert message["latest"] > 5
    lines = (tmp_path / "lake/.tapelake/alarms.ndjson").read_text().splitlines()
    assert message in [json.loads(line) for line in lines]
    assert "ALARM busy" in (tmp_path / "up.log").read_text()


def test_mistakes_in_rules_stop_the_start(tmp_path):
    config = write_config(tmp_path, """
alarms:
  rules:
    - {name: own, metric: tapelake_ingest_freshnes_seconds, threshold: 1}
""")
    done = program.run("check", "--config", config, check=False)
    assert done.returncode == 78
    said = done.stderr.decode()
    assert "tapelake.yaml:4:7" in said
    assert "did you mean 'tapelake_ingest_freshness_seconds'?" in said


def test_rules_in_force_are_listed(tmp_path):
    names = [json.loads(line)["name"]
             for line in program.run("alarms", "list", "--json").stdout.splitlines()]
    assert len(names) == len(set(names)) and "freshness" in names
    config = write_config(tmp_path, "alarms: {without: [freshness]}\n")
    fewer = program.run("alarms", "list", "--config", config).stdout.decode()
    assert "\nfreshness:" not in "\n" + fewer and "disk-space:" in fewer
