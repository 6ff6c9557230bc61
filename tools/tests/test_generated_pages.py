import json

import pytest

import conformance
import full_report
import generate_docs


def write_cells(path, *cells):
    keys = ("engine", "operation", "table_type", "result")
    path.write_text("".join(json.dumps(dict(zip(keys, cell))) + "\n" for cell in cells))


def test_conformance_page_has_a_row_per_operation(tmp_path):
    cells = tmp_path / "cells.jsonl"
    write_cells(cells, ("Spark", "ingest", "cow", "equal"), ("hudi-rs", "ingest", "cow", "equal"),
                ("Spark", "upsert", "cow", "equal"))
    table = conformance.page(conformance.load(cells)).splitlines()[-4:]
    assert table == [
        "| operation | table type | Spark | hudi-rs |",
        "|---|---|---|---|",
        "| ingest | cow | equal | equal |",
        "| upsert | cow | equal |  |",
    ]


def test_conformance_never_hides_a_difference(tmp_path):
    cells = tmp_path / "cells.jsonl"
    write_cells(cells, ("Spark", "ingest", "cow", "differs"), ("Spark", "ingest", "cow", "equal"))
    assert [cell["result"] for cell in conformance.load(cells)] == ["differs"]


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
