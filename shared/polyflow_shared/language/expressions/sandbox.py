"""Expressions inside `{{ }}`, on jinja2's sandbox, which only this module and its filters import.

A user's template is rendered inside the planner, so it must neither hang it nor grow without end: no loops,
no assignments, no calls, no attributes of Python objects, few filters, and arithmetic that stays small.
"""

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from math import isfinite
from typing import Any, Final, TypeGuard

from jinja2 import StrictUndefined, Template, TemplateError, Undefined, nodes
from jinja2.filters import FILTERS as DEFAULT_FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from polyflow_shared.language.codes import Code
from polyflow_shared.language.expressions.filters import FILTERS, MAX_TEXT, OPERATORS, TESTS
from polyflow_shared.language.expressions.names import Entry, text_of
from polyflow_shared.language.findings import Finding, Nearest
from polyflow_shared.variables import written

MAX_NODES: Final = 2000
MAX_DEPTH: Final = 50


class ExpressionError(ValueError):
    """The expression cannot be evaluated; the message is for the user."""


@contextmanager
def _about_the_text() -> Iterator[None]:
    """Make whatever is raised an error of the expression.

    jinja2 makes Python of a user's text, so whatever comes of reading, compiling or rendering it is about
    that text, and ends no service.

    Raises:
        ExpressionError: anything was raised.
    """
    try:
        yield
    except ExpressionError:
        raise
    except TemplateError as error:
        raise ExpressionError(error.message) from error
    except Exception as error:
        raise ExpressionError(str(error)) from error


def inspect(text: str) -> tuple[list[tuple[str, ...]], list[Finding]]:
    """Return the dotted names that a template uses, and what is wrong with its form."""
    try:
        with _about_the_text():
            tree = _environment().parse(text)
    except ExpressionError as error:
        if isinstance(error.__cause__, RecursionError):
            return [], [Finding(Code.TEMPLATE_SIZE, "the template is nested too deeply")]
        return [], [Finding(Code.TEMPLATE_SYNTAX, f"not a template: {error}")]
    findings = _forbidden(tree) or list(_failing(tree))
    return ([] if findings else list(_used(tree)), findings)


def names(text: str) -> list[tuple[str, ...]]:
    """Return all dotted names in a template that can be read, also those that may be undefined."""
    return list(_used(_environment().parse(text), excused=True))


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """Return what a template gives: the value itself where it is a single `{{ }}`, a text otherwise.

    In that text a `$` of what is written around expressions is a mark (`polyflow_shared.variables`).

    Raises:
        ExpressionError: it is malformed, a name is unknown, or it fails.
    """
    template, single = _compiled(text)
    with _about_the_text():
        context = template.new_context(dict(names))
        pieces = template.root_render_func(context)
        return _result(context, pieces) if single else _joined(pieces)


def _result(context: Context, pieces: Iterator[str]) -> Any:
    for _ in pieces:  # runs the assignment; there is no text
        pass
    value = context.vars[_RESULT]
    if isinstance(value, Undefined) or not isinstance(value, _VALUES):
        raise ExpressionError(str(value) if isinstance(value, Undefined) else "the result is not a value")
    if _is_infinite(value):
        raise ExpressionError(f"the result is {value}, which JSON cannot carry")
    return value


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and not isfinite(value)


def _joined(pieces: Iterator[str]) -> str:
    parts: list[str] = []
    size = 0
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > MAX_TEXT:
            raise ExpressionError(f"the rendered text is longer than {MAX_TEXT:,} characters")
    return "".join(parts)


_RESULT: Final = "__result"
_VALUES: Final = (str, int, float, list, dict, tuple, Entry, type(None))


@lru_cache(maxsize=1024)
def _compiled(text: str) -> tuple[Template, bool]:
    """Return the compiled template, and whether it is a single expression."""
    _, findings = inspect(text)
    if findings:
        raise ExpressionError(findings[0].message)
    with _about_the_text():
        tree = _environment().parse(text)
        expression = _single(tree)
        if expression is None:
            return _compile(tree), False
        return _template_of(expression), True


def _template_of(expression: nodes.Expr) -> Template:
    """Return a template that keeps the value of an expression."""
    assignment = nodes.Assign(nodes.Name(_RESULT, "store"), expression, lineno=1)
    return _compile(nodes.Template([assignment], lineno=1))


def _compile(tree: nodes.Template) -> Template:
    with warnings.catch_warnings():
        # What Python says of `{{ 1[0] }}` is about code that the user did not write.
        warnings.simplefilter("ignore", SyntaxWarning)
        return _environment().from_string(_Prepared().visit(tree))


class _Prepared(NodeTransformer):
    """Writes `a ~ b` as the filter that looks at the length of what it makes, and marks what is written."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802 (jinja2 calls it so)
        """Return the parts, joined."""
        parts = nodes.List([self.visit(part) for part in node.nodes], lineno=node.lineno)
        return nodes.Filter(parts, "join", [], [], None, None, lineno=node.lineno)

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.TemplateData:  # noqa: N802 (likewise)
        """Return the text around expressions, with a mark for each `$` in it."""
        return nodes.TemplateData(written(node.data), lineno=node.lineno)


def _single(tree: nodes.Template) -> nodes.Expr | None:
    match tree.body:
        case [nodes.Output(nodes=[expression])] if not isinstance(expression, nodes.TemplateData):
            return expression
    return None


def _forbidden(tree: nodes.Template) -> list[Finding]:
    """Return what no template may have."""
    findings: list[Finding] = []
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    count = 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_NODES:
            return [Finding(Code.TEMPLATE_SIZE, "the template is too large or nested too deeply")]
        if isinstance(node, nodes.Filter) and node.name not in FILTERS and node.name in _FILTERS_NOT_YET:
            message = f"filter `{node.name}` is not supported yet"
            findings.append(Finding(Code.NOT_YET, message))
        elif isinstance(node, nodes.Const) and (problem := _unfit(node.value)):
            findings.append(Finding(Code.TEMPLATE_FORBIDDEN, problem))
        elif (objection := _objection(node))[0]:
            message, hint = objection
            findings.append(Finding(Code.TEMPLATE_FORBIDDEN, message, hint=hint))
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())
    return findings


def _unfit(constant: Any) -> str:
    """Return why JSON cannot carry a constant; nothing where it can."""
    if isinstance(constant, str) and _HALF.search(constant):
        return "half of a surrogate pair is not a character"
    return "a number is too large" if _is_infinite(constant) else ""


_HALF: Final = re.compile("[\ud800-\udfff]")


def _failing(node: nodes.Node) -> Iterator[Finding]:
    """Yield that a part without names, which is evaluated whatever the values are, cannot be evaluated."""
    if isinstance(node, _BRANCHES):
        return
    if _is_value(node) and next(node.find_all(nodes.Name), node) is node:
        if not isinstance(node, nodes.Name) and (error := _error_of(node)):
            yield Finding(Code.TEMPLATE_FORBIDDEN, f"it can never be evaluated: {error}")
        return
    for child in node.iter_child_nodes():
        yield from _failing(child)


def _is_value(node: nodes.Node) -> TypeGuard[nodes.Expr]:
    """Tell whether a node can be evaluated by itself: a slice is one only within its brackets."""
    return isinstance(node, nodes.Expr) and not isinstance(node, nodes.Slice)


def _error_of(constant: nodes.Expr) -> str:
    if isinstance(constant, nodes.Literal):
        return ""
    try:
        with _about_the_text():
            template = _template_of(constant)
            _result(context := template.new_context({}), template.root_render_func(context))
    except ExpressionError as error:
        return str(error)
    return ""


_BRANCHES: Final = (nodes.If, nodes.CondExpr, nodes.And, nodes.Or)
"""What has parts that may not be evaluated."""


def _objection(node: nodes.Node) -> tuple[str, str | Nearest]:
    match node:
        case nodes.Filter() if node.name not in FILTERS:
            return f"there is no filter `{node.name}`", Nearest(node.name, FILTERS)
        case nodes.Test() if node.name not in TESTS:
            return f"there is no test `{node.name}`", Nearest(node.name, TESTS)
        case nodes.Getattr() if node.attr.startswith("_"):
            return f"`.{node.attr}` cannot be read", ""
        case nodes.Call():
            return "a template cannot call anything", "use a filter, such as `{{ x | upper }}`"
        case _ if type(node) not in _ALLOWED:
            return f"`{type(node).__name__.lower()}` is not allowed in a template", ""
    return "", ""


def _used(node: nodes.Node, *, excused: bool = False) -> Iterator[tuple[str, ...]]:
    """Yield the dotted names below a node; those that may be undefined only where that is wanted."""
    chain = _chain(node)
    if chain:
        yield chain
        return
    for child in node.iter_child_nodes():
        optional = (
            isinstance(node, nodes.Filter | nodes.Test) and node.name in _EXCUSES and child is node.node
        )
        if excused or not optional:
            yield from _used(child, excused=excused)


def _chain(node: nodes.Node | None) -> tuple[str, ...]:
    match node:
        case nodes.Name():
            return (node.name,)
        case nodes.Getattr() if chain := _chain(node.node):
            return (*chain, node.attr)
        case nodes.Getitem(arg=nodes.Const(value=str(key))) if chain := _chain(node.node):
            return (*chain, key)
    return ()


_FILTERS_NOT_YET: Final = frozenset(DEFAULT_FILTERS) | {"map_format"}
"""Filters of the language that are not among ours."""
_EXCUSES: Final = frozenset({"default", "d", "defined", "undefined"})
_ALLOWED: Final = frozenset(
    {
        nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Name, nodes.Const, nodes.Getattr,
        nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.Keyword, nodes.Compare, nodes.Operand,
        nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Neg,
        nodes.Pos, nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.CondExpr, nodes.List,
        nodes.Tuple, nodes.Dict, nodes.Pair,
    }
)  # fmt: skip


class _Environment(ImmutableSandboxedEnvironment):
    """Reads entries of maps and lists, never attributes; keeps arithmetic small."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an entry of a map."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an entry of a map, a list or a text."""
        readable = isinstance(obj, Mapping | list | tuple | str)
        try:
            return obj[argument] if readable else self.undefined(obj=obj, name=argument)
        except (LookupError, TypeError):
            return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return the result of an operator where it is small and there is one."""
        del context
        return OPERATORS[operator](left, right)


@lru_cache(maxsize=1)
def _environment() -> _Environment:
    environment = _Environment(undefined=StrictUndefined, finalize=_finalized, optimized=False, cache_size=0)
    environment.filters = dict(FILTERS)
    environment.tests = dict(TESTS)
    environment.globals = {}
    return environment


def _finalized(value: Any) -> Any:
    return value if isinstance(value, str | Undefined) else text_of(value)
