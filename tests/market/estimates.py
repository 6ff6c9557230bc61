"""Running market_estimates and comparing what it says with the oracle."""

import subprocess
from dataclasses import dataclass

import oracle
from support import program


@dataclass
class Said:
    value: float | None
    reason: str | None
    note: str | None
    n: int
    detail: float | None


def run(*arguments, text: str = "") -> str:
    binary = program.binary().parent / "market_estimates"
    return subprocess.run([str(binary), *map(str, arguments)], input=text, text=True, check=True,
                          capture_output=True, timeout=300).stdout


def parse(cells: list[str]) -> Said:
    value, reason, note, n, detail = (None if cell == "-" else cell for cell in cells)
    return Said(value and float(value), reason, note, int(n), detail and float(detail))


def of_bars(series: list[list[oracle.Bar]]) -> list[dict[str, Said]]:
    """name -> what the program says, for each series."""
    lines = []
    for bars in series:
        lines += [",".join(str(x) if isinstance(x, int) else repr(x) for x in vars(bar).values())
                  for bar in bars]
        lines.append("")
    said, current = [], {}
    for line in run("bars", text="\n".join(lines) + "\n").splitlines():
        if line:
            name, *cells = line.split()
            current[name] = parse(cells)
        else:
            said.append(current)
            current = {}
    return said


def close(said: float | None, expected, scale=0.0) -> bool:
    """Equal to 1e-9 of the value; or, where the value is what is left when terms of size `scale`
    cancel, to 1e-13 of those (1e-15 under a root, which is how doubles carry them)."""
    if said is None or expected is None:
        return said is None and expected is None
    expected, scale = float(expected), float(scale)
    off = abs(said - expected)
    return (off <= 1e-9 * abs(expected) or off <= 1e-13 * scale
            or abs(said * abs(said) - expected * abs(expected)) <= 1e-15 * scale * scale)


def differences(said: Said, answer: oracle.Answer) -> list[str]:
    """What does not agree."""
    found = [f"{name}: {getattr(said, name)!r}, expected {getattr(answer, name)!r}"
             for name in ("reason", "note", "n") if getattr(said, name) != getattr(answer, name)]
    if not close(said.value, answer.value, answer.scale):
        found.append(f"value: {said.value!r}, expected {answer.value!r} scale {answer.scale!r}")
    if not close(said.detail, answer.detail, answer.scale):
        found.append(f"detail: {said.detail!r}, expected {answer.detail!r}")
    return found
