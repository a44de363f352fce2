"""Small changes to the source of a component, each of which ought to be a bug."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

SWAPS: dict[type[ast.AST], str] = {
    ast.Add: "-", ast.Sub: "+", ast.BitAnd: "|", ast.BitOr: "&", ast.LShift: ">>",
    ast.RShift: "<<", ast.Eq: "!=", ast.NotEq: "==", ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=",
    ast.GtE: ">",
}  # fmt: skip
"""What an operator is replaced by."""


@dataclass(frozen=True)
class Mutation:
    """One change: the text from `start` to `end` becomes `text`."""

    line: int
    start: int
    end: int
    text: str
    kind: str

    def apply(self, source: str) -> str:
        """Return the changed source."""
        return source[: self.start] + self.text + source[self.end :]

    def describe(self, source: str) -> str:
        """Say it in a line: what stood there, and what stands there now."""
        old = " ".join(source[self.start : self.end].split())
        return f"line {self.line}: {old} -> {' '.join(self.text.split())}"


def mutations(source: str) -> list[Mutation]:
    """Return all mutations of a file: of what its functions do, not of ports or messages."""
    return list(_Finder(source).find())


class _Finder:
    def __init__(self, source: str) -> None:
        self._source = source
        lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))
        self._lines = lines

    def find(self) -> Iterator[Mutation]:
        for node in ast.walk(ast.parse(self._source)):
            if isinstance(node, ast.FunctionDef) and node.name != "__init__":
                for statement in node.body:
                    yield from self._inside(statement)

    def _inside(self, node: ast.AST) -> Iterator[Mutation]:
        if isinstance(node, (ast.FunctionDef, ast.Raise, ast.JoinedStr, ast.AnnAssign)):
            return
        yield from self._of(node)
        for child in ast.iter_child_nodes(node):
            yield from self._inside(child)

    def _of(self, node: ast.AST) -> Iterator[Mutation]:
        if isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
            yield self._operator(node, node.left, SWAPS[type(node.op)], node.right)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in SWAPS:
            yield self._operator(node, node.left, SWAPS[type(node.ops[0])], node.comparators[0])
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
            yield self._replace(node, self._text(node.operand), "inversion")
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            yield self._replace(node, str(node.value + 1), "constant")
            if node.value:
                yield self._replace(node, str(node.value - 1), "constant")
        elif isinstance(node, ast.AugAssign) and self._text(node.target).startswith("m.d."):
            yield from self._statements(node)
        elif isinstance(node, ast.Call):
            yield from self._call(node)

    def _statements(self, node: ast.AugAssign) -> Iterator[Mutation]:
        """Leave out a statement, or one of a list."""
        if not isinstance(node.value, ast.List):
            yield self._replace(node, "pass", "dropped")
            return
        for element in node.value.elts:
            if not isinstance(element, ast.Starred):
                yield self._replace(element, "*[]", "dropped")

    def _call(self, node: ast.Call) -> Iterator[Mutation]:
        name = self._text(node.func)
        if name in ("m.If", "m.Elif"):
            yield self._replace(node.args[0], f"({self._text(node.args[0])}) == 0", "condition")
        elif name == "Mux":
            test, yes, no = (self._text(argument) for argument in node.args)
            yield self._replace(node, f"Mux({test}, {no}, {yes})", "condition")

    def _operator(self, node: ast.AST, left: ast.AST, sign: str, right: ast.AST) -> Mutation:
        text = f"({self._text(left)}) {sign} ({self._text(right)})"
        return self._replace(node, f"({text})", "operator")

    def _replace(self, node: ast.AST, text: str, kind: str) -> Mutation:
        start, end = self._span(node)
        return Mutation(node.lineno, start, end, text, kind)  # type: ignore[attr-defined]

    def _text(self, node: ast.AST) -> str:
        start, end = self._span(node)
        return self._source[start:end]

    def _span(self, node: ast.AST) -> tuple[int, int]:
        start = self._place(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return start, self._place(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def _place(self, line: int, column: int) -> int:
        """Characters before a place; the columns of `ast` count bytes."""
        before = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(before)
