"""Just enough C++ reading for the checks: comments, strings, includes, function bodies."""

import re
from dataclasses import dataclass
from pathlib import Path

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
CONTAINER = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")
CONTROL = re.compile(r"^(if|else|for|while|switch|do|try|catch|return|case|default)\b")
LITERAL = re.compile(
    r"""
    //[^\n]*                                        # comment to the end of the line
  | /\*.*?\*/                                       # comment over lines
  | R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"      # raw string
  | "(?:\\.|[^"\\\n])*"                             # string
  | (?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'            # character, not a digit separator
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class Function:
    """A function's first and last line (1-based, both included) and how it starts."""

    first_line: int
    last_line: int
    head: str

    @property
    def line_count(self) -> int:
        return self.last_line - self.first_line + 1


def blank_literals(text: str) -> str:
    """Return `text` with comments blanked and strings emptied; line numbers stay."""

    def replacement(match: re.Match) -> str:
        token = match.group(0)
        newlines = "\n" * token.count("\n")
        if token.startswith("/"):
            return " " + newlines
        return ('""' if token[0] in 'R"' else "''") + newlines

    return LITERAL.sub(replacement, text)


def includes(text: str) -> list[tuple[int, str, bool]]:
    """Return (line, path, is_quoted) of every #include, also of those in strings' lines: none."""
    without_comments = re.sub(r"//[^\n]*", "", text)
    return [
        (without_comments.count("\n", 0, match.start()) + 1, match.group(2), match.group(1) == '"')
        for match in INCLUDE.finditer(without_comments)
    ]


def functions(text: str) -> list[Function]:
    """Return the outermost function bodies of a source text, in order.

    A brace opens a function if what stands before it has a parameter list and is neither a type,
    a namespace, a control statement nor an initializer. Lambdas and local classes inside a
    function belong to it.
    """
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda m: "\n" * m.group(0).count("\n"),
                  blank_literals(text), flags=re.MULTILINE)
    found: list[Function] = []
    stack: list[str] = []
    start_of_function = (0, "")
    head_start = 0
    for match in re.finditer(r"[{};]", code):
        position, token = match.start(), match.group(0)
        inside_function = "function" in stack
        if token == ";":
            if not inside_function and code.count("(", head_start, position) == code.count(
                ")", head_start, position
            ):
                head_start = position + 1
        elif token == "{":
            head = code[head_start:position].strip()
            kind = "block" if inside_function else classify(head)
            stack.append(kind)
            if kind == "function":
                lead = len(code[head_start:position]) - len(code[head_start:position].lstrip())
                start_of_function = (code.count("\n", 0, head_start + lead) + 1, head)
            if kind != "initializer":
                head_start = position + 1
        else:
            kind = stack.pop() if stack else "block"
            if kind == "function":
                last_line = code.count("\n", 0, position) + 1
                found.append(Function(start_of_function[0], last_line, start_of_function[1]))
            if kind != "initializer":
                head_start = position + 1
    return found


def classify(head: str) -> str:
    """Say what the brace after `head` opens: container, function, initializer or block."""
    plain = re.sub(r"\[\[.*?\]\]", "", head).strip()
    plain = re.sub(r"^(public|private|protected)\s*:", "", plain).strip()
    while plain.startswith("template"):
        plain = drop_template(plain)
    if not plain or CONTROL.match(plain):
        return "block"
    signature = re.sub(r"\{[^{}]*\}", "{}", plain)
    if CONTAINER.search(plain) and "(" not in re.sub(r"\balignas\s*\([^)]*\)", "", plain):
        return "container"
    if re.match(r"(extern\s*\"\"|namespace\b)", plain):
        return "container"
    if "(" not in signature:
        return "initializer"
    if is_member_initializer(signature):
        return "initializer"
    if re.search(r"(=|,|\(|<<)\s*$", plain) or re.search(r"=\s*[\w:<>, ]+$", plain):
        return "initializer"
    return "function"


def drop_template(plain: str) -> str:
    """Return `plain` without its leading `template <...>`."""
    depth = 0
    for index, letter in enumerate(plain):
        depth += (letter == "<") - (letter == ">")
        if letter == ">" and depth == 0:
            return plain[index + 1:].strip()
    return ""


def is_member_initializer(signature: str) -> bool:
    """Say whether a constructor's initializer list is still open: `A() : b_` before `{1}`."""
    after_parameters = re.search(r"\)\s*(?:noexcept\s*)?:(?!:)(.*)$", signature, re.DOTALL)
    return bool(after_parameters) and bool(re.search(r"[\w>]\s*$", after_parameters.group(1)))


def cxx_files(root: Path, folders: tuple[str, ...]) -> list[Path]:
    """Return the C++ files below `folders`, sorted."""
    return sorted(
        path
        for folder in folders
        for path in (root / folder).rglob("*")
        if path.suffix in (".h", ".cc") and path.is_file()
    )
