import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import figures
from figures import Figure


def test_holds_a_figure_against_its_bound():
    assert Figure("memory", 600.0, "MB", at_most=600).held
    assert Figure("memory", 601.0, "MB", at_most=600).bound == "at most 600 MB **missed**"
    assert Figure("rate", 59_999.0, at_least=60_000).bound == "at least 60,000 **missed**"
    assert not Figure("mean of nothing", float("nan"), at_most=1).held
    assert Figure("told", 7).row == "| told | 7 |  |"


def test_a_missed_bound_is_reported_and_fails_the_benchmark(tmp_path, capsys):
    report = tmp_path / "reports" / "x.md"
    found = [Figure("pace", 2.5, "s", at_most=2, note="n 3")]
    assert figures.finish(report, figures.heading("X", "x") + figures.table(found), found) == 1
    text = report.read_text()
    assert f"commit {figures.commit()}, {figures.machine()}, load average" in text
    assert "`./dev bench x` made this file" in text
    assert "| pace | 2.50 s (n 3) | at most 2 s **missed** |" in text
    assert "figure: pace = 2.50 s (n 3) (at most 2 s **missed**)" in capsys.readouterr().out
    assert figures.finish(None, [], [Figure("pace", 1.5, "s", at_most=2), Figure("told", 1.0)]) == 0
