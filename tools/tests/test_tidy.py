import pytest

import tidy


@pytest.fixture
def tree(tmp_path):
    """A tidy tree; call it with {file: text} to add files, then get what is not tidy."""
    files = {
        "src/base/README.md": "# base: small things\n",
        "src/base/a.h": "#pragma once\n",
        "src/base/a.cc": '#include "base/a.h"\n',
    }

    def make(more):
        for name, text in (files | more).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tidy.violations(tmp_path)

    return make


def function_of(lines):
    return "int F() {\n" + "  G();\n" * (lines - 2) + "}\n"


def test_accepts_a_tidy_tree(tree):
    assert tree({"src/base/b.cc": function_of(70)}) == []


@pytest.mark.parametrize(
    "text, reason",
    [
        (function_of(71), "function of 71 lines"),
        ("int a;\n" * 801, "801 lines"),
        ("// " + "a" * 98 + "\n", "101 columns"),
        ("auto t = std::chrono::steady_clock::now();\n", "the clock"),
        ("std::this_thread::sleep_for(a);\n", "sleeping"),
        ("std::random_device device;\n", "randomness"),
        ("int a = rand();\n", "randomness"),
        ("int a = ::open(path, 0);\n", "opening files"),
        ("std::ifstream in(path);\n", "opening files"),
        ("auto f = fopen(path, mode);\n", "opening files"),
        ("#include <filesystem>\n", "std::filesystem"),
        ("auto home = std::getenv(name);\n", "the environment"),
        ("// FIX" + "ME later\n", "a leftover"),
        ("  GTEST_" + "SKIP();\n", "not run"),
        ("// see /" + "home/me/file\n", "path of one machine"),
        ("// from pypi" + ".org\n", "package registry"),
    ],
)
def test_refuses(tree, text, reason):
    found = tree({"src/base/b.cc": text})
    assert len(found) == 1 and reason in found[0] and found[0].startswith("src/base/b.cc:")


@pytest.mark.parametrize(
    "text",
    [
        'Log("rand() and open() in a string");\n',
        "// std::chrono::system_clock::now() in a comment\n",
        "file.open(); file->open(); Reopen(path); grand();\n",
        "clock.Sleep(5);\n",
    ],
)
def test_does_not_mistake(tree, text):
    assert tree({"src/base/b.cc": text}) == []


def test_allows_the_outside_world_in_src_io(tree):
    assert tree({"src/io/README.md": "# io: the world\n", "src/io/b.cc": "int a = ::open(p, 0);\n"}) == []


def test_allows_scratch_files_but_no_waiting_in_tests(tree):
    (line,) = tree({"src/base/b_test.cc": "std::ifstream in(p);\nsleep_for(a);\n"})
    assert "b_test.cc:2" in line


def test_refuses_a_header_that_nothing_includes(tree):
    assert tree({"src/base/b.h": "#pragma once\n"}) == [
        "src/base/b.h: no other file includes this header"
    ]


def test_refuses_a_folder_without_note_or_with_a_long_one(tree):
    found = tree({"src/io/c.cc": "int a;\n", "src/base/README.md": "line\n" * 41})
    assert found == ["src/base/README.md: 41 lines, at most 40", "src/io: no README.md"]
