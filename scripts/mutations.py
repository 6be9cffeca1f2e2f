"""What `make mutants` changes in a module: one operator, constant, condition or statement at a time."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr,
}  # fmt: skip
TWINS = {'min': 'max', 'max': 'min', 'any': 'all', 'all': 'any', 'floor': 'ceil', 'ceil': 'floor'}
#: What is called for its log or its warning, and what only makes a thing quicker.
SILENT = ('logger', 'log', 'logs', 'warnings', 'lru_cache', 'cache', 'dataclass', 'TypeVar', 'overload')


@dataclass(frozen=True)
class Site:
    """A place in a module, by its bytes, and the texts that may stand there instead."""

    file: str
    line: int
    last_line: int
    start: int
    end: int
    before: str
    choices: tuple[str, ...]
    #: Whether it is in a function, which tests run, and not in what an import runs.
    inside: bool


def sites(file: str, source: str) -> list[Site]:
    """Return every place of a module that can be changed, in its order."""
    found = [*_Finder(file, source).found(), *_conditions(file, source)]
    return sorted(found, key=lambda site: (site.start, site.end, site.choices))


def mutated(source: str, site: Site, choice: str) -> str:
    """Return the module with one change."""
    text = source.encode()
    return (text[: site.start] + choice.encode() + text[site.end :]).decode()


class _Finder:
    def __init__(self, file: str, source: str) -> None:
        self.file = file
        self.source = source.encode()
        self.starts = [0]
        for line in self.source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.tree = ast.parse(source)

    def found(self) -> Iterator[Site]:
        yield from self.walk(self.tree, False)

    def walk(self, node: ast.AST, inside: bool) -> Iterator[Site]:
        """Yield the sites of a node and of all below it, but for texts, types, logs and what is for type checkers."""
        if _skipped(node):
            return
        if isinstance(node, ast.expr | ast.stmt):
            choices = tuple(dict.fromkeys(self.choices(node)))
            if choices:
                yield self.site(node, choices, inside)
        below = inside or isinstance(node, ast.FunctionDef | ast.Lambda)
        for name, value in ast.iter_fields(node):
            if name in ('annotation', 'returns', 'type_params'):
                continue
            # Defaults and decorators are evaluated where the function is defined.
            deeper = inside if name in ('decorator_list', 'args') else below
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from self.walk(child, deeper)

    def site(self, node: ast.expr | ast.stmt, choices: tuple[str, ...], inside: bool) -> Site:
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        before = ' '.join(self.source[start:end].decode().split())
        return Site(self.file, node.lineno, node.end_lineno, start, end, before, choices, inside)

    def choices(self, node: ast.expr | ast.stmt) -> Iterator[str]:
        """Yield what may stand in place of a node."""
        match node:
            case ast.Compare(ops=[op]):
                for other in COMPARISONS[type(op)]:
                    yield self.changed(node, ops=[other()])
            case ast.Compare(ops=ops):
                for place, op in enumerate(ops):
                    other = COMPARISONS[type(op)][0]
                    yield self.changed(node, ops=[*ops[:place], other(), *ops[place + 1 :]])
            case ast.BoolOp(op=op, values=values):
                yield self.changed(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
                for place in range(len(values)):
                    left = [*values[:place], *values[place + 1 :]]
                    yield f'({ast.unparse(left[0] if len(left) == 1 else self.copied(node, values=left))})'
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
                yield f'({ast.unparse(operand)})'
            case ast.BinOp(op=op, left=left, right=right) if type(op) in ARITHMETIC and not (
                _is_text(left) or _is_text(right)
            ):
                yield self.changed(node, op=ARITHMETIC[type(op)]())
            case ast.Constant(value=bool() as value):
                yield str(not value)
            case ast.Constant(value=int() as value):
                yield from (str(value + 1), f'({value - 1})')
            case ast.Constant(value=float() as value):
                # One more is nothing to a large one.
                yield f'({value + 1 if abs(value) < 100 else value * 2})'
            case ast.IfExp(body=body, orelse=orelse):
                yield f'({ast.unparse(body)})'
                yield f'({ast.unparse(orelse)})'
            case ast.Call(func=ast.Name(id=name)) if name in TWINS:
                yield self.changed(node, func=ast.Name(TWINS[name]))
            case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in ('floor', 'ceil'):
                yield self.changed(node, func=ast.Attribute(owner, TWINS[name]))
            case ast.Return(value=value) if value is not None and not _is_none(value):
                yield 'return None'
            case ast.Raise() | ast.Break() | ast.Continue() | ast.Delete():
                yield 'pass'
            case ast.Expr(value=ast.Call()):
                yield 'pass'
            case ast.AugAssign():
                yield 'pass'
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                yield 'pass'

    def copied(self, node: ast.AST, **fields: object) -> ast.AST:
        changed = copy.copy(node)
        for name, value in fields.items():
            setattr(changed, name, value)
        return changed

    def changed(self, node: ast.AST, **fields: object) -> str:
        """Return the text of a node with other fields; in brackets, as it may stand anywhere."""
        return f'({ast.unparse(self.copied(node, **fields))})'


def _conditions(file: str, source: str) -> list[Site]:
    """Return the conditions of a module, each to be replaced by what is always and what is never true."""
    finder = _Finder(file, source)
    found = []

    def look(node: ast.AST, inside: bool) -> None:
        if _skipped(node):
            return
        below = inside or isinstance(node, ast.FunctionDef | ast.Lambda)
        if isinstance(node, ast.If):
            found.append(finder.site(node.test, ('True', 'False'), below))
        elif isinstance(node, ast.While) and not isinstance(node.test, ast.Constant):
            found.append(finder.site(node.test, ('False',), below))
        elif isinstance(node, ast.comprehension):
            found.extend(finder.site(test, ('True', 'False'), below) for test in node.ifs)
        for child in ast.iter_child_nodes(node):
            look(child, below)

    look(finder.tree, False)
    return found


def _skipped(node: ast.AST) -> bool:
    """Return whether nothing in a node is worth a change."""
    match node:
        case ast.JoinedStr() | ast.Assert() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Call(func=ast.Attribute(attr='lru_cache')):
            return True
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
            return name in SILENT
        case ast.If(test=ast.Name(id='TYPE_CHECKING')):
            return True
        case ast.Assign(targets=[ast.Name(id='__all__' | '__slots__')]):
            return True
        case ast.FunctionDef(name='__repr__'):
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call() as call):
            return _skipped(call)
    return False


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )
