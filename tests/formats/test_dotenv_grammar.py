"""The grammar of .env in docs/format.md, written down a second time, says what the product does."""

from __future__ import annotations

import string
import unicodedata
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sealedfiles.formats.dotenv.format import DOTENV
from sealedfiles.model.paths import LONGEST, ROOT, key_step
from sealedfiles.model.token import TOKEN

WHITE = {
    *(chr(code) for code in (*range(0x9, 0xE), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680)),
    *(chr(code) for code in (*range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)),
}
BLANK = WHITE - {"\r", "\n"}
TOKEN_TEXT = f"sealed:v1:default:{'a' * 16}:{'b' * 8}:{'c' * 64}"


def is_word(char: str) -> bool:
    return char == "_" or unicodedata.category(char)[0] in "LN"


class Read(NamedTuple):
    values: list[tuple[int, int, bytes]]
    comments: list[tuple[int, int]]


class Reader:
    """Reads a text character by character, as the page has it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.values: list[tuple[int, int, bytes]] = []
        self.comments: list[tuple[int, int]] = []
        self.uncertain = 0
        self.read_as_quoted = self.at_tick = 0

    def read(self) -> Read:
        at, above = 0, (0, 0, False)
        text = self.text
        while True:
            while at < len(text) and text[at] in WHITE:
                at += 1
            if at == len(text):
                return Read(self.values, self.comments)
            if text[at] == "#" and at >= self.uncertain:
                end = self.line_end(at)
                self.comments.append((at + 1, end))
                at, above = end, (0, 0, False)
                continue
            assignment = None if text[at] == "#" else self.assignment(at)
            is_empty = assignment and assignment[1] == self.line_end(assignment[1])
            is_line = is_empty and at < self.uncertain
            if assignment and not is_line and not self.is_base64(at, assignment[1], above):
                key, value = assignment
                end = self.value(value, assigned=True)
                if end > value:
                    self.values.append((value, self.gap(end), key_step(key)))
                at, above = end, (value, end, True)
                continue
            is_name = text[at] != "#" and not assignment and at >= self.uncertain
            end_of_name = self.export_name(at) if is_name else None
            if end_of_name is not None:
                at, above = end_of_name, (0, 0, False)
                continue
            end = self.value(at, assigned=False)
            self.values.append((at, end, ROOT))
            at, above = end, (at, end, False)

    def gap(self, end: int) -> int:
        """Return the end of a literal with the blanks in front of a comment, but for the last one."""
        behind = end
        while self.text[behind : behind + 1] in (" ", "\t"):
            behind += 1
        is_comment = behind > end + 1 and self.text[behind : behind + 1] == "#"
        return behind - 1 if is_comment else end

    def blanks(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in BLANK:
            at += 1
        return at

    def line_end(self, at: int) -> int:
        while at < len(self.text) and self.text[at] not in "\r\n":
            at += 1
        return at

    def export(self, at: int) -> int | None:
        if self.text.startswith("export", at) and self.blanks(at + 6) > at + 6:
            return self.blanks(at + 6)
        return None

    def assignment(self, at: int) -> tuple[str, int] | None:
        exported = self.export(at)
        for start in (exported, at):
            found = None if start is None else self.unexported(start)
            if found:
                return found
        return None

    def unexported(self, at: int) -> tuple[str, int] | None:
        text, start = self.text, at
        if text[at : at + 1] in ("'", '"'):
            end = text.find(text[at], at + 1)
            if end < at + 2 or end > self.line_end(at):
                return None
            key, at = text[at + 1 : end], end + 1
        else:
            while at < len(text) and text[at] in ".-[]":
                at += 1
            if at == len(text) or not is_word(text[at]):
                return None
            while at < len(text) and (is_word(text[at]) or text[at] in ".-[]"):
                at += 1
            key = text[start:at]
        at = self.blanks(at)
        if len(key_step(key)) > LONGEST:
            return None
        if text.startswith("=", at):
            return key, self.blanks(at + 1)
        value = self.blanks(at + 1)
        if text.startswith(":", at) and at + 1 < value < self.line_end(at):
            return key, value
        return None

    def export_name(self, at: int) -> int | None:
        start = self.export(at)
        if start is None:
            return None
        end = start
        while end < len(self.text) and self.text[end].isascii() and is_word(self.text[end]):
            end += 1
        is_name = end > start and not self.text[start].isdigit()
        return end if is_name and self.blanks(end) == self.line_end(end) else None

    def is_base64(self, at: int, value: int, above: tuple[int, int, bool]) -> bool:
        line = self.text[at : self.line_end(at)]
        while line and line[-1] in BLANK:
            line = line[:-1]
        body = line.rstrip("=")
        signs = len(line) - len(body)
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        if not body or any(char not in letters + "-_" for char in body):
            return False
        if value < self.line_end(at) and self.text[value] != "=":
            return False
        return signs == 2 or (signs == 1 and self.is_below_base64(at, body, *above))

    def is_below_base64(self, at: int, body: str, start: int, end: int, assigned: bool) -> bool:
        above = self.text[start:end]
        alphabets = [string.ascii_letters + string.digits + more for more in ("+/", "_-")]
        in_each = [all(char in one for char in above) for one in alphabets]
        cases = {char.islower() for char in above if char in string.ascii_letters}
        if not assigned:
            return len(above) >= 32 and (in_each[0] or (in_each[1] and len(cases) == 2))
        between = self.text[end:at].replace("\r\n", "\n").replace("\r", "\n")
        return (
            len(above) >= 60
            and len(above) % 4 == 0
            and len(body) % 4 == 3
            and len(body) + 1 <= len(above)
            and len(cases) == 2
            and any(all(char in one for char in above + body) for one in alphabets)
            and between.count("\n") == 1
        )

    def value(self, at: int, *, assigned: bool) -> int:
        end = self.closed(at)
        is_simple = end is not None and "\\" not in self.text[at:end]
        if not is_simple or end is None or self.blanks(end) != self.line_end(end):
            self.uncertain = max(self.uncertain, self.words(at))
        if end is not None:
            behind = self.blanks(end)
            if assigned and behind == self.line_end(end):
                return end
            if assigned and behind > end and self.text[behind] == "#":
                return end if end >= self.uncertain else self.bare(end)
            self.uncertain = max(self.uncertain, end)
        elif self.text.startswith("-----BEGIN ", at):
            return self.bare(self.pem(at))
        return self.bare(at)

    def closed(self, at: int) -> int | None:
        text = self.text
        token = TOKEN.match(text, at)
        if token:
            return token.end()
        quote = text[at : at + 1]
        if not quote or quote not in "'\"`":
            return None
        at += 1
        while at < len(text):
            if text[at] == quote:
                return at + 1
            at += 2 if text[at] == "\\" else 1
        return None

    def words(self, start: int) -> int:
        text, at = self.text, start
        while at < len(text) and text[at] not in "\r\n":
            if text[at] == "#" and text[at - 1 : at] in (" ", "\t"):
                break
            if text[at] == "\\":
                at = self.escaped(at)
            elif self.part(at):
                end = self.end_of_part(at, [])
                self.read_as_quoted += (end or len(text)) - at
                if self.read_as_quoted > 20 * len(text):
                    return len(text)
                at = end or at + 1
            else:
                at += 1
        while at > start and text[at - 1] in " \t":
            at -= 1
        token = TOKEN.search(text, start, at)
        return token.start() if token else at

    def part(self, at: int, around: str = "") -> str:
        """Return how a part begins at *at*, in one that begins with *around*; empty if none does."""
        signs = ("$'", "'", '"', "`", "${", "$(") + (("(",) if around in ("$(", "(") else ())
        return next((sign for sign in signs if self.text.startswith(sign, at)), "")

    def escaped(self, at: int) -> int:
        return min(len(self.text), at + (3 if self.text.startswith("\r\n", at + 1) else 2))

    def end_of_part(self, at: int, around: list[str]) -> int:
        """Return the end of the part at *at* in the parts *around*; 0 if it has none, and -1 at a back-tick
        that ends one of those around it."""
        text, begin = self.text, self.part(at, around[-1] if around else "")
        if begin == "$'":
            end = at + 2
            while end < len(text) and text[end] != "'":
                end += 2 if text[end] == "\\" else 1
            return end + 1 if end < len(text) else text.find("'", at + 2) + 1
        if begin == "'":
            return text.find("'", at + 1) + 1
        parts = [*around, begin]
        closing = {'"': '"', "`": "`", "${": "}", "$(": ")", "(": ")"}[begin]
        at += len(begin)
        while at < len(text):
            inner = self.part(at, begin)
            if text[at] == closing:
                return at + 1
            if text[at] == "`" and "`" in parts:
                self.at_tick = at
                return -1
            if text[at] == "\\":
                at = self.escaped(at)
            elif inner in ("'", "$'") and (begin == '"' or parts[-2:] == ['"', "${"]):
                at += len(inner)
            elif inner:
                at = self.end_of_part(at, parts)
                if at < 0 and begin == "`" and "`" not in around:
                    return self.at_tick + 1
                if at < 1:
                    return at
            else:
                at += 1
        return 0

    def pem(self, at: int) -> int:
        limit = self.text.find("-----BEGIN ", at + 1)
        limit = len(self.text) if limit < 0 else limit
        start = at
        while (start := self.line_end(start)) < limit:
            start += 1
            begin = self.blanks(start)
            if self.text.startswith("-----END ", begin) and begin + 9 <= limit:
                return begin + 9
        return at

    def bare(self, at: int) -> int:
        text, end = self.text, at
        while end < len(text) and text[end] not in "\r\n":
            if text[end] == "\\" and end + 1 < len(text):
                end += 2 if text.startswith("\r\n", end + 1) else 1
            end += 1
        while end > at and text[end - 1] in WHITE:
            end -= 1
        return end


PIECES = (
    *"A b1_.-[]=:#'\"`\\ \t\n\r", "${", "$(", "$'", "}", ")", "(",
    "\r\n", "export ", "export", "=", "= ", ": ", "'x'", '"y"', "\\\n", "\\\r\n", "# c\n", "   # c\n", "\t\t#", "-----BEGIN X-----\n",
    "\n-----END X-----\n", "A" * 33, "aB0_" * 9, "A=" + "aB0/" * 15, "A=" + "aB0-" * 19, "abc=", "_bc=", "/abc=", "abcd=", "abc==", "\u00a0", "\x1c", "\x85", "\u2028", "é", "²", "Ⅳ", "\u0301",
    "€", TOKEN_TEXT, f"A={TOKEN_TEXT}", "A=", "B='", 'C="', "\x00", "\x0b", "😀", "\u200b", "\ufeff", "k" * 4090,
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=12)


@settings(max_examples=1500, deadline=None)
@given(TEXTS)
@example("export A\nexport=1\nexport export=2\nexport\xa0B\n")
@example("'a'b=1\n''=2\n'a' = 3\n")
@example("A='x'  # c\nB=\"y\"\t \t#\nC='z'\xa0  # c\nD='x'   #\nE=  # x\n")
@example("A='x' y\n# z'\nB=1 # c\n")
@example('A=x"y\n# z"\nB=1 # c\n# d')
@example("A=\"one\"'two\n# z'\n# d")
@example("A='x\\'y'\n# z\nB='w'\n# d")
@example("A=$'x\\'y\n# z'\n# d")
@example("a b='x\n# z'\n# d")
@example("A=it's # don't\n# c\nB='x'\n")
@example(f"A=it's\n# c\nB={TOKEN_TEXT}\n# d\nC=don't\n# e\n")
@example("A=\\'x\n# c\nB='\n")
@example("A=${B:-one\n# c}\n# d")
@example('A="${B:-"x\n# c"}"\n# d')
@example('A="${B:-it\'s\n# c}"\n# d')
@example("A=$(x (y)\n# c\n)\n# d")
@example('A=`x "y`\n# c\nB="z"\n# d')
@example('A=x\xa0#"y\n# c"\n# d')
@example("x'\n" * 100 + "# c\n")
@example('A=z`x "y\n# c\n`\n# d')
@example('A=z"${B:-it\'s\n# c}"\n# d')
@example('A=z"(x\n# c"\n# d')
@example("${\n" * 100 + "}" * 100 + "\n# c\n")
@example("-----BEGIN X\n#-----BEGIN Y\n-----END X\n")
@example("A=\\\r\nB\\\\\nC=1")
@example(f"{'A' * 40}\n\nabc=\nabc=\n")
@example(f"{'aB_-' * 8}\n\nabc=\nabc=\n")
@example(f"A={'aB0/' * 15}\nabc=\nabc=\n")
@example(f"A={'aB0/' * 15} \r\n abc= \r\nB=1\n")
@example(f"A={'aB0/' * 15}\n\nabc=\n")
@example(f"A={'aB0/' * 15}\nab_=\n")
@example(f"A={'aB0-' * 15}\nab_=\n")
@example(f"A={'aB0-' * 15}\nabcd=\n")
@example(f"A={'aB00' * 15}\n{'a' * 63}=\n")
@example(f"A={'aB00' * 16}\n{'a' * 63}=\n")
@example(f"A={'ab00' * 15}\nabc=\n")
@example(f"A={'aB00' * 15}0\nabc=\n")
@example(f"A={'aB00' * 14}\nabc=\n")
def test_the_page_and_the_product_read_alike(text: str) -> None:
    scan = DOTENV.scan(text)
    expected = Reader(text).read()
    assert [tuple(span) for span in scan.values] == expected.values
    assert scan.comments() == expected.comments
