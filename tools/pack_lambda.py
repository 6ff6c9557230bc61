"""Pack the Lambda bootstrap into the zip that Lambda takes. The same file always gives the same bytes.

usage: pack_lambda.py --bootstrap FILE --out ZIP
"""

import argparse
import sys
import zipfile
from pathlib import Path

MODE = 0o100755  # a regular file that everybody may run
EPOCH = (1980, 1, 1, 0, 0, 0)  # of the zip format
UNIX = 3


def pack(bootstrap: bytes, out: Path) -> None:
    entry = zipfile.ZipInfo("bootstrap", EPOCH)
    entry.create_system = UNIX
    entry.external_attr = MODE << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(entry, bootstrap, compresslevel=9)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bootstrap", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    pack(arguments.bootstrap.read_bytes(), arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
