"""The sandbox that chat templates run in: Jinja's, in which no template works for ever.

A template is made to look at the clock itself: at each turn of a loop and at each call, between which it can
only do what Jinja's operators and filters do once. What multiplying may make is bounded, and so is the
rendered text. Most of what goes wrong is told in words so; the rest ends with the process, whose memory and
time are bounded from outside (`gateway.serving.chat.rendering`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sized
from contextvars import ContextVar
from time import thread_time
from typing import Any, TypeVar

from jinja2 import Template, TemplateError, nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from gateway.serving.chat.orders import CHARACTERS

T = TypeVar("T")

SECONDS = 2.0
"""Processor time for one rendering."""

WATCHED = "watched"

_end: ContextVar[float] = ContextVar("end")


class Sandbox(ImmutableSandboxedEnvironment):
    """Compiles templates that `rendered` can stop."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.filters[WATCHED] = _watched

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call what a template calls, its own macros among it."""
        _look()
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply, unless that makes something huge."""
        if _made(operator, left, right) > CHARACTERS:
            raise TemplateError(f"`{operator}` makes more than {CHARACTERS} characters")
        return super().call_binop(context, operator, left, right)

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        _Watching().visit(source)
        source.set_environment(self)
        return super()._generate(source, *args, **kwargs)


def rendered(template: Template, variables: Mapping[str, Any]) -> str:
    """The text that a template of the sandbox makes.

    Raises:
        TemplateError: it takes too long, or makes too much.
        Exception: whatever else a template may fail with.

    """
    _end.set(thread_time() + SECONDS)
    pieces, size = [], 0
    for piece in template.generate(variables):
        pieces.append(piece)
        size += len(piece)
        if size > CHARACTERS:
            raise TemplateError(f"they make more than {CHARACTERS} characters")
    return "".join(pieces)


class _Watching(NodeTransformer):
    """Lets each turn of a loop look at the clock."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802  # as Jinja calls it
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, WATCHED, [], [], None, None, lineno=node.lineno)
        return node


def _watched(items: Iterable[T]) -> Iterator[T]:
    for item in items:
        _look()
        yield item


def _look() -> None:
    if thread_time() > _end.get():
        raise TemplateError(f"it works for more than {SECONDS:.0f} seconds")


def _made(operator: str, left: Any, right: Any) -> float:
    """Characters, items or bits of a product or power; 0 where that cannot be much."""
    if isinstance(right, Sized):
        left, right = right, left
    if not isinstance(right, int):
        return 0
    if operator == "*" and isinstance(left, int):
        return left.bit_length() + right.bit_length()
    return right * (len(left) if isinstance(left, Sized) else getattr(left, "bit_length", int)())
