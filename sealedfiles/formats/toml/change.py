"""Find the text change that sets or removes a value in TOML; comments stay."""

from __future__ import annotations

from sealedfiles.errors import UsageError
from sealedfiles.formats import flow
from sealedfiles.formats.base import Data
from sealedfiles.formats.place import Edit, line_end_of, line_start, next_line
from sealedfiles.formats.toml.tree import Statement, TomlTree
from sealedfiles.formats.toml.write import one_line, written, written_key
from sealedfiles.formats.tree import Child, Node, check_step, find, nested
from sealedfiles.model.address import Address


def assigned(text: str, tree: TomlTree, address: Address, value: Data) -> Edit:
    """Return the change that sets *value* at *address*, where no table without brackets is."""
    way, missing = find(tree.root, address)
    node = way[-1][1].value if way else tree.root
    ending = line_end_of(text)
    if not missing:
        source = text[node.start : node.end]
        return Edit(node.start, node.end, written(value, source, ending))
    check_step(node, address[: len(address) - len(missing)], missing[0], "a table")
    if node.flow:
        inner = one_line(nested(missing[1:], value))
        step = missing[0]
        new = f"{written_key(step)} = {inner}" if isinstance(step, str) else inner
        return flow.appended(text, node, new)
    if node.kind == "sequence":
        return _new_item(text, tree, node, nested(missing[1:], value))
    if len(missing) > 1 and all(isinstance(step, str) for step in address) and _is_plain(way):
        above = [str(step) for step in address[:-1]]
        pair = f"{written_key(str(address[-1]))} = {written(value, '', ending)}"
        return _at_end(text, f"[{_dotted(above)}]{ending}{pair}", ending)
    below: Data = nested(missing[1:], value)
    source = written(below, "", ending) if len(missing) == 1 else one_line(below)
    return _new_pair(text, tree, way, str(missing[0]), source, ending)


def removed(text: str, tree: TomlTree, way: list[tuple[Node, Child]]) -> list[Edit]:
    """Return the changes that remove the last entry of *way*, with its lines, in file order."""
    parent, entry = way[-1]
    own = _below(entry.value)
    edits: list[Edit] = []
    headers = iter([one for one in tree.statements if one.is_header])
    following = next(headers, None)
    for statement in tree.statements:
        while following is not None and following.start <= statement.start:
            following = next(headers, None)
        if id(statement.node) not in own:
            continue
        end = next_line(text, statement.end)
        if statement.is_header:
            end = _block_start(text, following.start) if following else len(text)
            edits.append(
                Edit(
                    line_start(text, statement.start), max(end, next_line(text, statement.end)), ""
                )
            )
        elif not edits or edits[-1].end <= statement.start:
            edits.append(Edit(line_start(text, statement.start), end, ""))
    return edits or [flow.removed(text, parent, entry)]


def _below(node: Node) -> set[int]:
    found, waiting = set(), [node]
    while waiting:
        one = waiting.pop()
        found.add(id(one))
        waiting += [entry.value for entry in one.entries]
    return found


def _is_plain(way: list[tuple[Node, Child]]) -> bool:
    """Return True if a header can name everything on *way*."""
    return all(not child.value.flow and child.value.kind == "mapping" for _, child in way)


def _dotted(steps: list[str]) -> str:
    return ".".join(map(written_key, steps))


def _at_end(text: str, new: str, ending: str) -> Edit:
    above = "" if not text.strip() else ending if text.endswith(("\n", "\r")) else ending * 2
    return Edit(len(text), len(text), f"{above}{new}{ending}")


def _new_item(text: str, tree: TomlTree, node: Node, value: Data) -> Edit:
    """Return the change that adds a table to an array of tables."""
    if not isinstance(value, dict):
        raise UsageError(
            "an array of tables has only tables as items", "give the item as JSON: --json"
        )
    ending = line_end_of(text)
    header = next(
        one for one in tree.statements if one.is_header and one.node is node.entries[-1].value
    )
    pairs = [f"{written_key(key)} = {one_line(item)}" for key, item in value.items()]
    new = ending.join([text[header.start : header.end], *pairs])
    own = _below(node)
    last = max(one.end for one in tree.statements if id(one.node) in own)
    at = next_line(text, last)
    before = ending if text[:at].endswith(("\n", "\r")) else ending * 2
    return Edit(at, at, f"{before}{new}{ending}")


def _new_pair(
    text: str,
    tree: TomlTree,
    way: list[tuple[Node, Child]],
    key: str,
    source: str,
    ending: str,
) -> Edit:
    """Return the change that adds a line to the last table of *way*."""
    node = way[-1][1].value if way else tree.root
    entries = {id(entry.value) for entry in node.entries}
    own = [one for one in tree.statements if not one.is_header and id(one.node) in entries]
    header = next((one for one in tree.statements if one.is_header and one.node is node), None)
    new = f"{written_key(key)} = {source}"
    after: Statement | None = own[-1] if own else header
    if own:
        begins = line_start(text, own[-1].start)
        new = text[begins : own[-1].start] + own[-1].prefix + new
    if after is None and node is tree.root:
        first = next((one for one in tree.statements if one.is_header), None)
        if first is None:
            at = len(text)
            return Edit(
                at, at, ("" if not text or text.endswith(("\n", "\r")) else ending) + new + ending
            )
        at = _block_start(text, first.start)
        return Edit(at, at, f"{new}{ending}{ending}")
    if after is None:
        steps = [str(child.key) for _, child in way]
        if not _is_plain(way):
            raise UsageError("this table has no place of its own", "add the key with an editor")
        return _at_end(text, f"[{_dotted(steps)}]{ending}{new}", ending)
    at = next_line(text, after.end)
    return Edit(at, at, ("" if text[:at].endswith(("\n", "\r")) else ending) + new + ending)


def _block_start(text: str, at: int) -> int:
    """Return the start of the line of *at*, or of the first of the comment lines directly above it."""
    start = line_start(text, at)
    while start:
        above = line_start(text, start - 1 - text.startswith("\r\n", start - 2))
        if not text[above:start].lstrip(" \t").startswith("#"):
            break
        start = above
    return start
