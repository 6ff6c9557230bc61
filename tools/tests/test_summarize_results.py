import summarize_results

JUNIT = """<testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="bad"><failure message="no"/></testcase>
<testcase classname="a" name="broken"><error message="no"/></testcase>
<testcase classname="a" name="absent" status="notrun"><skipped/></testcase>
<testcase classname="a" name="left"><skipped/></testcase>
</testsuite></testsuites>"""


def test_adds_up_suites_and_checks(tmp_path):
    (tmp_path / "a.xml").write_text(JUNIT)
    (tmp_path / "checks.tsv").write_text("passed\tlayers\nfailed\ttidy\n")
    summary = summarize_results.summarize(tmp_path)
    assert summary.line() == "2 passed, 4 failed, 1 skipped"
    assert summary.failures == ["a: a.bad", "a: a.broken", "a: a.absent (notrun)", "tidy"]
    assert not summary.is_good


def test_is_good_only_if_something_ran(tmp_path):
    assert not summarize_results.summarize(tmp_path).is_good
    (tmp_path / "checks.tsv").write_text("passed\tlayers\n")
    assert summarize_results.summarize(tmp_path).is_good


def test_counts_a_cut_result_file_as_a_failure(tmp_path):
    (tmp_path / "a.xml").write_text(JUNIT[:50])
    assert len(summarize_results.summarize(tmp_path).failures) == 1
