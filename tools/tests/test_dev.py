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
    parts = subprocess.run(
        ["bash", "-c", 'source tools/dev/full.sh; printf "%s\\n" "${FULL_PARTS[@]}"'], cwd=ROOT,
        capture_output=True, text=True, check=True).stdout.split()
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


def test_a_part_whose_step_fails_has_failed(tmp_path):
    script = f"""
        set -euo pipefail
        TAPELAKE_ROOT={tmp_path}; RESULTS={tmp_path}; cd {tmp_path}
        for part in common setup full; do source {ROOT}/tools/dev/$part.sh; done
        build_preset() {{ :; }}
        run_unit_tests() {{ return 1; }}
        run_full_part asan {tmp_path}
    """
    assert subprocess.run(["bash", "-c", script], check=False).returncode == 1
    assert (tmp_path / "asan.result").read_text().startswith("failed\t")


def test_an_installation_that_fails_leaves_no_stamp(tmp_path):
    (tmp_path / "requirements.txt").write_text("no such thing\n")
    script = f"""
        set -euo pipefail
        TAPELAKE_ROOT={tmp_path}
        for part in common setup; do source {ROOT}/tools/dev/$part.sh; done
        make_venv {tmp_path}/venv {tmp_path}/requirements.txt && true
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "requirements.txt" in done.stderr
    assert not list(tmp_path.glob(".deps/stamps/*"))
