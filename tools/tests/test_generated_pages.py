import json

import pytest

import conformance
import conformance_cells
import full_report
import generate_docs


SPARK, RS = conformance.SPARKS[0], "hudi-rs 0.5"
READ = {"direction": "they read ours", "version": 6, "operation": "upsert", "type": "merge-on-read",
        "index": "bloom"}
LACK = conformance_cells.Lack("no-logs", [RS], "It skips logs.", says="2 differences",
                              types=["merge-on-read"])


def write_cells(path, *cells):
    path.write_text("".join(json.dumps({**READ, **cell}) + "\n" for cell in cells))
    return path


def loaded(tmp_path, *cells, lacks=()):
    cells, wrong = conformance.load([write_cells(tmp_path / "cells.jsonl", *cells)], lacks)
    return {(case.operation, engine): result for (case, engine), result in cells.items()}, wrong


def loaded_cells(tmp_path, *cells):
    return conformance.load([write_cells(tmp_path / "cells.jsonl", *cells)], [LACK])


def made_page(tmp_path, *cells, lacks=()):
    known, _ = conformance.load([write_cells(tmp_path / "cells.jsonl", *cells)], lacks)
    return conformance.page(known, lacks)


def rows_of(page):
    return [line for line in page.splitlines() if line.startswith(("| upsert", "| insert"))]


def test_conformance_page_has_a_row_per_operation_and_a_column_per_engine(tmp_path):
    page = made_page(tmp_path, {"engine": SPARK, "result": "equal"},
                     {"engine": RS, "result": "no-logs"},
                     {"engine": SPARK, "operation": "insert", "result": "equal"}, lacks=[LACK])
    no = "not supported: see 1"
    assert rows_of(page) == [
        f"| insert | merge-on-read | bloom |  | equal |  |  | {no} |  | by documentation |",
        f"| upsert | merge-on-read | bloom |  | equal |  |  | {no} |  | by documentation |",
    ]
    assert "1. hudi-rs 0.5: It skips logs. It says: `2 differences`" in page


def test_conformance_never_hides_a_difference(tmp_path):
    cells, wrong = loaded(tmp_path, {"engine": SPARK, "result": "differs"},
                          {"engine": SPARK, "result": "equal"})
    assert cells == {("upsert", SPARK): "differs"}
    assert len(wrong) == 1


def test_conformance_refuses_a_listed_cell_that_is_equal_all_the_same(tmp_path):
    cells, wrong = loaded(tmp_path, {"engine": RS, "result": "equal"}, lacks=[LACK])
    assert cells == {("upsert", RS): "equal"}
    assert "listed as not supported (no-logs)" in wrong[0]


def test_conformance_takes_a_listed_refusal_only_where_the_list_has_it(tmp_path):
    refused = {"engine": RS, "result": "no-logs"}
    assert loaded(tmp_path, refused, {"engine": RS, "result": "equal"}, lacks=[LACK])[1] == []
    assert loaded(tmp_path, {**refused, "type": "copy-on-write"}, lacks=[LACK])[1] != []
    assert loaded(tmp_path, refused)[1] != []


def test_conformance_joins_the_cells_of_a_smaller_run(tmp_path):
    whole = made_page(tmp_path, {"engine": SPARK, "result": "equal"},
                      {"engine": "Trino 476", "operation": "insert", "result": "equal"},
                      {"engine": RS, "result": "no-logs"}, lacks=[LACK])
    some, _ = conformance.load(
        [write_cells(tmp_path / "cells.jsonl", {"engine": SPARK, "result": "equal"})], [LACK])
    assert conformance.page(conformance.parse(whole) | some, [LACK]) == whole
    other, _ = conformance.load(
        [write_cells(tmp_path / "cells.jsonl", {"engine": SPARK, "result": "differs"})], [LACK])
    assert conformance.page(conformance.parse(whole) | other, [LACK]) != whole


def test_conformance_finds_rows_without_a_cell_and_cells_without_a_row(tmp_path):
    cells, _ = loaded_cells(tmp_path, {"engine": SPARK, "result": "equal"},
                            {"engine": "Somebody", "result": "equal"},
                            {"engine": SPARK, "operation": "dance", "result": "equal"})
    found = conformance.holes(cells, [LACK])
    row = "they read ours, version 6: upsert, merge-on-read, bloom:"
    assert [line.partition(":")[0] for line in found if row in line] == [
        conformance.OURS, *conformance.SPARKS[1:], "Trino 476", "Somebody"]
    for hole in ("they read ours, version 6: rollback, copy-on-write, simple: nothing",
                 "they read ours, version 6: dance, merge-on-read, bloom: has no place"):
        assert f"{SPARK}: {hole}" in found


def test_conformance_wants_every_combination_but_those_with_a_reason():
    wanted = conformance_cells.wanted()
    seen = {(case.direction, case.version, case.operation) for case in wanted}
    assert {operation for _, _, operation in seen} == set(conformance_cells.OPERATIONS)
    assert {(direction, version) for direction, version, _ in seen} == set(conformance.ENGINES)
    for reason, cells in conformance_cells.NO_SUCH:
        assert reason and cells.operations
        assert set(cells.operations) <= set(conformance_cells.OPERATIONS)
        assert not any(map(cells.covers, wanted))


def test_conformance_reads_the_cells_of_several_runs(tmp_path):
    files = [write_cells(tmp_path / name, {"engine": engine, "result": "equal"})
             for name, engine in (("ours.jsonl", SPARK), ("theirs.jsonl", RS))]
    cells, wrong = conformance.load(files, [])
    assert {engine for _, engine in cells} == {SPARK, RS} and wrong == []


def test_conformance_list_says_how_each_lack_is_known(tmp_path):
    file = tmp_path / "list.toml"
    for entry in ('id = "a"', 'id = "a"\nsays = "x"\ndocument = "y"'):
        file.write_text(f'[[lack]]\n{entry}\nengines = ["E"]\nwhy = "w"\n')
        with pytest.raises(ValueError):
            conformance_cells.load_lacks(file)
    assert conformance_cells.load_lacks()


def test_layer_table_lists_the_folders_that_exist(tmp_path):
    for folder in ("base", "hudi/format", "hudi/table"):
        (tmp_path / "src" / folder).mkdir(parents=True)
    (tmp_path / "src/base/README.md").write_text("# base: small things\n\nMore.\n")
    table = generate_docs.layer_table("0 base\n1 io\n2 hudi\norder hudi: format log table\n", tmp_path)
    assert table.splitlines()[2:] == [
        "| 0 | `base` | small things |",
        "| 2 | `hudi` |  |",
        "",
        "Inside `hudi/`, each folder uses only those to its left: `format → table`.",
    ]


def test_layer_table_replaces_only_what_lies_between_the_marks():
    page = f"before\n{generate_docs.BEGIN}\nold\n{generate_docs.END}\nafter\n"
    new = generate_docs.with_layer_table(page, "new")
    assert new == page.replace("old", "new")
    with pytest.raises(ValueError):
        generate_docs.with_layer_table("no marks", "new")


def test_full_report_shows_results_and_figures(tmp_path):
    (tmp_path / "asan.result").write_text("passed\t12\n")
    (tmp_path / "asan.log").write_text("noise\nfigure: unit tests = 7\n")
    text = full_report.report(tmp_path, "abc", "2026-01-02")
    assert "| asan | passed | 12 |" in text and "- unit tests = 7" in text
    assert "noise" not in text and "`abc`" in text
