"""Regenerate the documents that are made from the program and the sources.

usage: generate_docs.py --program FILE [--check] [--root FOLDER]

docs/reference/* is what `tapelake config docs`, `config schema`, `metrics docs`, `measures`
and `reference` print; the layer table of docs/architecture.md comes from src/layers.txt. With --check nothing is
written and the command fails, naming the documents that are not current.
"""

import argparse
import subprocess
import sys
from pathlib import Path

REFERENCE = {
    "docs/reference/config.md": ["config", "docs"],
    "docs/reference/config.schema.json": ["config", "schema"],
    "docs/reference/cli.md": ["reference"],
    "docs/reference/metrics.md": ["metrics", "docs"],
    "docs/reference/measures.md": ["measures"],
}
BEGIN = "<!-- generated from src/layers.txt: begin -->"
END = "<!-- generated from src/layers.txt: end -->"


def layer_table(layers_text: str, root: Path) -> str:
    """Return the layer table as Markdown: folders that exist, with the first line of their note."""
    lines = ["| layer | folder | what it is |", "|---|---|---|"]
    orders = []
    for line in layers_text.splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("order "):
            folder, _, names = line[len("order "):].partition(":")
            parts = [n for n in names.split() if (root / "src" / folder.strip() / n).is_dir()]
            orders.append(f"Inside `{folder.strip()}/`, each folder uses only those to its left: "
                          f"`{' → '.join(parts)}`.")
        elif line:
            layer, _, folder = line.partition(" ")
            if (root / "src" / folder).is_dir():
                lines.append(f"| {layer} | `{folder}` | {title_of(root / 'src' / folder)} |")
    return "\n".join(lines + [""] + orders)


def title_of(folder: Path) -> str:
    note = folder / "README.md"
    if not note.exists():
        return ""
    first = note.read_text().splitlines()[0].lstrip("# ").strip()
    return first.partition(": ")[2] or first


def with_layer_table(page: str, table: str) -> str:
    """Return `page` with the text between the two marks replaced."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("docs/architecture.md lacks the marks around the layer table")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def documents(root: Path, program: Path) -> dict[str, str]:
    """Return path -> text of every generated document."""
    made = {}
    for name, arguments in REFERENCE.items():
        made[name] = subprocess.run(
            [program, *arguments], check=True, capture_output=True, text=True
        ).stdout
    architecture = (root / "docs/architecture.md").read_text()
    table = layer_table((root / "src/layers.txt").read_text(), root)
    made["docs/architecture.md"] = with_layer_table(architecture, table)
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    stale = []
    for name, text in documents(arguments.root, arguments.program.resolve()).items():
        path = arguments.root / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for name in stale:
        print(f"{name}: {'not current; run ./dev docs' if arguments.check else 'written'}")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
