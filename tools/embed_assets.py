"""Make one C++ source of a folder of web files: each file as it is and compressed, in a table.

usage: embed_assets.py --folder DIST --out DIRECTORY --name NAME

Writes DIRECTORY/NAME.cc, which defines `const AssetTable& NAME()` (namespace tapelake::serve), and the
compressed files it includes by `.incbin`. The same folder always gives the same bytes.
"""

import argparse
import gzip
import hashlib
import re
import sys
from pathlib import Path

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".map": "application/json; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json; charset=utf-8",
    ".woff2": "font/woff2",
}
# What Vite names after its content: `assets/index-B3xK9_a1.js`.
HASHED_NAME = re.compile(r"^assets/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+$")


class EmbedError(Exception):
    """The folder cannot be embedded; the message says why and what to do."""


def url_path(name: str) -> str:
    return "/" if name == "index.html" else "/" + name


def compressed(content: bytes) -> bytes:
    """Return the gzip form, or nothing if it saves less than a tenth."""
    packed = gzip.compress(content, compresslevel=9, mtime=0)
    return packed if len(packed) < 0.9 * len(content) else b""


def files_of(folder: Path) -> list[Path]:
    if not (folder / "index.html").is_file():
        raise EmbedError(
            f"there is no built page in {folder}: run ./dev build, which builds it from web/, "
            "or set TAPELAKE_WEB_DIST to a folder with an index.html"
        )
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(files, key=lambda path: url_path(path.relative_to(folder).as_posix()))


def symbol(label: str, path: Path) -> str:
    """Return assembly that places the file's bytes between two symbols."""
    return (
        f'__asm__(".section .rodata\\n.balign 16\\n.globl {label}\\n{label}:\\n'
        f'.incbin \\"{path}\\"\\n.globl {label}_end\\n{label}_end:\\n.byte 0\\n.text\\n");\n'
        f'extern "C" const char {label}[];\nextern "C" const char {label}_end[];\n'
    )


def view(label: str) -> str:
    return f"std::string_view({label}, static_cast<size_t>({label}_end - {label}))"


def embed(folder: Path, out: Path, name: str) -> str:
    """Return the source; write the compressed files to `out`."""
    symbols, rows = [], []
    for index, path in enumerate(files_of(folder)):
        relative = path.relative_to(folder).as_posix()
        content_type = CONTENT_TYPES.get(path.suffix)
        if content_type is None:
            raise EmbedError(f"{path}: no content type is known for '{path.suffix}'; "
                             "add it to tools/embed_assets.py")
        if re.search(r'["\\\s]', relative):
            raise EmbedError(f"{path}: quotes, backslashes and spaces cannot stand in its name")
        content = path.read_bytes()
        label = f"{name}_{index}"
        symbols.append(symbol(label, path.resolve()))
        gzip_view = "std::string_view()"
        packed = compressed(content)
        if packed:
            packed_path = out / f"{label}.gz"
            packed_path.write_bytes(packed)
            symbols.append(symbol(f"{label}_gz", packed_path.resolve()))
            gzip_view = view(f"{label}_gz")
        etag = hashlib.sha256(content).hexdigest()[:32]
        immutable = "true" if HASHED_NAME.match(relative) else "false"
        rows.append(
            f'    {{"{url_path(relative)}", {view(label)}, {gzip_view}, "{content_type}", '
            f'"\\"{etag}\\"", {immutable}}},\n'
        )
    return (
        '#include "serve/http/asset_store.h"\n\n' + "".join(symbols) +
        "\nnamespace tapelake::serve {\n\nconst AssetTable& " + name + "() {\n"
        "  static const Asset kAssets[] = {\n" + "".join(rows) + "  };\n"
        "  static const AssetTable kTable(kAssets, sizeof(kAssets) / sizeof(kAssets[0]));\n"
        "  return kTable;\n}\n\n}  // namespace tapelake::serve\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        source = embed(arguments.folder, arguments.out, arguments.name)
    except EmbedError as error:
        print(f"embed_assets.py: {error}", file=sys.stderr)
        return 1
    (arguments.out / f"{arguments.name}.cc").write_text(source)
    return 0


if __name__ == "__main__":
    sys.exit(main())
