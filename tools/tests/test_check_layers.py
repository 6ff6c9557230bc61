import pytest

import check_layers

LAYERS = """\
# comment
0 base
1 io
1 record
2 hudi
order hudi: format timeline writer
"""


@pytest.fixture
def tree(tmp_path):
    """A source tree of one include: call it with (file below src/, include line)."""

    def make(source, include):
        (tmp_path / "src").mkdir(exist_ok=True)
        (tmp_path / "src/layers.txt").write_text(LAYERS)
        (tmp_path / "src/libraries.txt").write_text("parquet/* : hudi\nabsl/* : *\n")
        for name in ("base/a.h", "io/b.h", "record/c.h", "hudi/format/d.h", "hudi/writer/e.h"):
            path = tmp_path / "src" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        (tmp_path / "testing").mkdir(exist_ok=True)
        (tmp_path / "testing/fake.h").touch()
        (tmp_path / "src" / source).write_text(include + "\n")
        return check_layers.violations(tmp_path)

    return make


@pytest.mark.parametrize(
    "source, include",
    [
        ("io/x.cc", '#include "base/a.h"'),
        ("io/x.cc", '#include "io/b.h"'),
        ("hudi/writer/x.cc", '#include "hudi/format/d.h"'),
        ("hudi/x.cc", '#include <parquet/types.h>'),
        ("base/x.cc", "#include <absl/strings/str_cat.h>"),
        ("base/x.cc", "#include <vector>"),
        ("io/x_test.cc", '#include "testing/fake.h"'),
    ],
)
def test_accepts_what_lies_below(tree, source, include):
    assert tree(source, include) == []


@pytest.mark.parametrize(
    "source, include, reason",
    [
        ("base/x.cc", '#include "io/b.h"', "layer 1"),
        ("io/x.cc", '#include "record/c.h"', "may not use 'record'"),
        ("hudi/format/x.cc", '#include "hudi/writer/e.h"', "stands before"),
        ("io/x.cc", "#include <parquet/types.h>", "has its home in hudi"),
        ("io/x.cc", "#include <unknown/lib.h>", "no library named"),
        ("io/x.cc", '#include "b.h"', "not a path below src/"),
        ("io/x.cc", '#include "testing/fake.h"', "for tests only"),
    ],
)
def test_refuses_what_does_not(tree, source, include, reason):
    (line,) = tree(source, include)
    assert line.startswith(f"src/{source}:1: ") and reason in line


def test_refuses_a_folder_without_a_layer(tree):
    found = tree("io/x.cc", '#include "base/a.h"')
    assert found == []
    layers = check_layers.Layers("0 base\n")
    assert "not in layers.txt" in layers.violation("stray/x.h", "base/a.h")


def test_refuses_a_table_it_cannot_read():
    with pytest.raises(ValueError, match="layers.txt:1"):
        check_layers.Layers("zero base\n")
