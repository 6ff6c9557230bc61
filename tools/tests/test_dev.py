import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def dev(*arguments):
    return subprocess.run([ROOT / "dev", *arguments], capture_output=True, text=True, check=False)


def test_help_names_every_command():
    done = dev("--help")
    assert done.returncode == 0
    for command in ("up", "build", "test", "fmt", "lint", "bench", "docs"):
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize("wrong", [["nonsense"], ["test", "nonsense"], ["test", "--full", "nonsense"]])
def test_a_wrong_word_is_refused_and_named(wrong):
    done = dev(*wrong)
    assert done.returncode == 1
    assert "'nonsense'" in done.stderr


def test_every_part_of_the_full_run_has_its_line():
    done = dev("test", "--list")
    script = (ROOT / "tools/dev/full.sh").read_text()
    parts = script.partition("FULL_PARTS=(")[2].partition(")")[0].split()
    assert [line.split()[0] for line in done.stdout.splitlines()] == parts


def test_stamps_follow_the_content_of_the_lists(tmp_path):
    script = f"""
        set -eu
        TAPELAKE_ROOT={tmp_path}; source {ROOT}/tools/dev/common.sh
        echo one > {tmp_path}/list; first=$(stamp_path venv-x {tmp_path}/list); stamp_set "$first"
        echo two > {tmp_path}/list; second=$(stamp_path venv-x {tmp_path}/list)
        [[ "$first" != "$second" && -e "$first" ]]; stamp_set "$second"
        [[ ! -e "$first" && -e "$second" ]]
    """
    assert subprocess.run(["bash", "-c", script], check=False).returncode == 0
