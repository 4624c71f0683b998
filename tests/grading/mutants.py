"""Mutants: copies of a program with one small mistake each, such as a student could make.

A kind of mistake is a function that yields what could stand in place of a node of the program. So
that each copy differs in one place only, nodes are counted in the order in which `ast.walk` meets
them, and the number of the node says where the mistake was made.
"""

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

Mistake = Callable[[ast.AST], Iterator[ast.AST]]
OPPOSITES: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A program with one mistake."""

    change: str
    """What was changed into what, and where, as in "in `if n < 3:`: 3 → 4"."""
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Yield all mutants of a program; docstrings and imports are left alone."""
    tree = ast.parse(source)
    for place, node in enumerate(ast.walk(tree)):
        for mistake in MISTAKES:
            for number, other in enumerate(mistake(node)):
                changed = deepcopy(tree)
                twin = next(n for i, n in enumerate(ast.walk(changed)) if i == place)
                replacement = list(mistake(twin))[number]
                _put(changed, twin, replacement)
                text = ast.unparse(ast.fix_missing_locations(changed))
                yield Mutant(_describe(source, node, other), text)


def drop_statement(node: ast.AST) -> Iterator[ast.AST]:
    """Forget a statement."""
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    kinds = ast.Expr | ast.Assign | ast.AugAssign | ast.Delete | ast.Raise | ast.Return
    if (isinstance(node, kinds) and not is_docstring) or isinstance(node, ast.Break | ast.Continue):
        yield ast.Pass()


def drop_block(node: ast.AST) -> Iterator[ast.AST]:
    """Forget what is around a block: its `if`, `with` or `try`; or forget the block."""
    if isinstance(node, ast.If | ast.With | ast.AsyncWith | ast.Try):
        yield _block(node.body)
    if isinstance(node, ast.If | ast.For | ast.AsyncFor | ast.While):
        yield ast.Pass()
    if isinstance(node, ast.If | ast.For | ast.AsyncFor | ast.While | ast.Try) and node.orelse:
        without = deepcopy(node)
        without.orelse = []
        yield without
    if isinstance(node, ast.Try) and node.finalbody and node.handlers:
        without = deepcopy(node)
        without.finalbody = []
        yield without


def drop_await(node: ast.AST) -> Iterator[ast.AST]:
    """Forget an `await`."""
    if isinstance(node, ast.Await):
        yield node.value


def turn_round(node: ast.AST) -> Iterator[ast.AST]:
    """Compare, calculate or conclude the other way round."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPPOSITES:
        yield ast.Compare(node.left, [OPPOSITES[type(node.ops[0])]()], node.comparators)
    if isinstance(node, ast.BinOp) and type(node.op) in OPPOSITES:
        yield ast.BinOp(node.left, OPPOSITES[type(node.op)](), node.right)
    if isinstance(node, ast.AugAssign) and type(node.op) in OPPOSITES:
        yield ast.AugAssign(node.target, OPPOSITES[type(node.op)](), node.value)
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(OPPOSITES[type(node.op)](), node.values)
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        other = deepcopy(node)
        other.test = ast.UnaryOp(ast.Not(), node.test)
        yield other


def miscount(node: ast.AST) -> Iterator[ast.AST]:
    """Be off by one, or take true for false."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)
        yield ast.Constant(node.value - 1)
    if isinstance(node, ast.Call):
        for place, given in enumerate(node.args):
            if isinstance(given, ast.Name):
                one_more = ast.BinOp(given, ast.Add(), ast.Constant(1))
                args = [*node.args[:place], one_more, *node.args[place + 1 :]]
                yield ast.Call(node.func, args, node.keywords)


def mix_up(node: ast.AST) -> Iterator[ast.AST]:
    """Take `break` for `continue`, swap two arguments, or leave the last one out."""
    if isinstance(node, ast.Break):
        yield ast.Continue()
    if isinstance(node, ast.Continue):
        yield ast.Break()
    if not isinstance(node, ast.Call) or _is_said_to_people(node):
        return
    for place in range(len(node.args) - 1) if not _is_symmetric(node) else ():
        args = [*node.args]
        args[place : place + 2] = reversed(args[place : place + 2])
        yield ast.Call(node.func, args, node.keywords)
    if node.args and not isinstance(node.args[-1], ast.Starred):
        yield ast.Call(node.func, node.args[:-1], node.keywords)
    if node.keywords:
        yield ast.Call(node.func, node.args, node.keywords[:-1])


def _is_said_to_people(call: ast.Call) -> bool:
    return bool(call.args) and all(isinstance(given, ast.JoinedStr) for given in call.args)


def _is_symmetric(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in ("min", "max")


def catch_too_much(node: ast.AST) -> Iterator[ast.AST]:
    """Catch more than is meant, or catch it and say nothing."""
    if isinstance(node, ast.ExceptHandler):
        yield ast.ExceptHandler(ast.Name("BaseException", ast.Load()), node.name, node.body)
        yield ast.ExceptHandler(node.type, node.name, [ast.Pass()])


MISTAKES: tuple[Mistake, ...] = (
    drop_statement,
    drop_block,
    drop_await,
    turn_round,
    miscount,
    mix_up,
    catch_too_much,
)


def _block(body: list[ast.stmt]) -> ast.AST:
    """Return statements as one, since a node can only make room for one other node."""
    return ast.If(ast.Constant(True), body, [])


def _put(tree: ast.AST, node: ast.AST, other: ast.AST) -> None:
    """Put `other` in the place of `node`."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, name, other)
            elif isinstance(value, list) and any(entry is node for entry in value):
                setattr(parent, name, [other if entry is node else entry for entry in value])


def _describe(source: str, node: ast.AST, other: ast.AST) -> str:
    """Return the line in which a node stands, and what is to stand there instead."""
    line = source.splitlines()[getattr(node, "lineno", 1) - 1].strip()
    before, after = _short(node), _short(other)
    return f"{before} → {after}" if before == line else f"in `{line}`: {before} → {after}"


def _short(node: ast.AST) -> str:
    """Return the first line of a node's code, as it stands in a table."""
    lines = ast.unparse(ast.fix_missing_locations(deepcopy(node))).splitlines()
    return lines[0].strip() + (" …" if len(lines) > 1 else "")
