"""Templates of strangers in processes of their own: what they fill, and how long they take, is bounded."""

import asyncio
import re
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from confined import FILTERED, seccomp_mode, unfiltered_python
from memory import peak

from gateway.serving.chat import rendering
from gateway.serving.chat.errors import ConversationRefusedError
from gateway.serving.chat.messages import Message, Role, Tool
from gateway.serving.chat.orders import Order
from gateway.serving.chat.rendering import ChatRenderer
from gateway.serving.chat.template import ChatTemplate
from gateway.serving.documents.messages import LENGTH
from gateway.serving.errors import OverloadedError, UnconfinedError
from gateway.serving.processes import start

FRIENDLY = "{{ bos }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
HELLO = (Message(Role.USER, "Grüß Gott, \U0001f600"),)
DOUBLING = (
    "{{% set ns = namespace(x={start}) %}}"
    "{{% for _ in range(99) %}}{{% set ns.x = ns.x {operator} ns.x %}}{{% endfor %}}"
)
SLOW = "{{ range(99999) | select('in', range(99999) | reverse | list) | list | length }}"
MEBIBYTE = 2**20
EVERYTHING = (
    "'\\u00e9\\n' ~ '\\N{BULLET}'",
    "{'b': 1, 'a': [1.5, none]} | pprint",
    "{'b': 1} | tojson(indent=2)",
    "{'b': 1} | dictsort | list",
    "{'b': 1} | items | list",
    "{'b': 1} | xmlattr",
    "'<a>b</a>&amp;' | striptags",
    "'<a>' | escape | forceescape | safe",
    "'a b c d e' | wordwrap(3)",
    "'a b c d e' | wordcount",
    "'a b' | indent(2, first=true) | title | capitalize | upper | lower | trim | center(9)",
    "'a b c d e f g h i j' | truncate(9)",
    "'see https://example.org now' | urlize",
    "'ä ö' | urlencode",
    "123456789 | filesizeformat",
    "[3, 1, 2] | sort | reverse | join(',')",
    "[3, 1, 1] | unique | list + ([1, 2, 3] | slice(2) | list) + ([1, 2, 3] | batch(2) | list)",
    "[{'a': 1}, {'a': 2}] | groupby('a') | list",
    "[{'a': 1}, {'a': 2}] | selectattr('a', 'gt', 1) | map(attribute='a') | list",
    "[{'a': 1}, {'a': 2}] | rejectattr('a', 'eq', 1) | map(attribute='a') | sum",
    "[7] | random",
    "[1, 2] | max + [1, 2] | min + (1.26 | round(1)) + ('3' | int) + ('1.5' | float)",
    "'%s-%s' | format(1, 'x') ~ 'a-b'.split('-') ~ 'ab'.replace('a', 'c') ~ ' x '.strip()",
    "lipsum(n=1, html=false) | length > 9",
    "strftime_now('%d %B %Y %Z')",
    "cycler('a', 'b').next() ~ joiner(',')() ~ dict(a=1) ~ range(3) | list",
)
"""What templates may use of Jinja and of transformers' additions, for the most part read when first used."""


@pytest_asyncio.fixture
async def renderer() -> AsyncIterator[ChatRenderer]:
    running = ChatRenderer(processes=1, queue=1)
    yield running
    await running.close()


async def render(
    renderer: ChatRenderer, template: str = FRIENDLY, tokens: Mapping[str, str] | None = None
) -> str:
    return await renderer.render(template, tokens or {"bos": "<s>"}, HELLO, ())


def told(process: Process, file: str) -> str:
    """What the system knows of a process."""
    return Path("/proc", str(process.pid), file).read_text()


async def test_conversations_and_tools_arrive_as_they_are(renderer: ChatRenderer) -> None:
    assert await render(renderer) == f"<s>user: {HELLO[0].content}\n"
    tool = Tool("f", "", {"maximum": 10**30, "enum": [None, True, "é"]})
    text = await renderer.render("{{ tools[0].function.parameters | tojson }}", {}, HELLO, (tool,))
    assert text == '{"maximum": 1000000000000000000000000000000, "enum": [null, true, "é"]}'


async def test_refusals_keep_their_words_and_hints(renderer: ChatRenderer) -> None:
    with pytest.raises(ConversationRefusedError, match="no system role"):
        await render(renderer, "{{ raise_exception('no system role') }}")
    with pytest.raises(ConversationRefusedError, match="line 2") as broken:
        await render(renderer, "\n{% if %}")
    assert "chat_template" in broken.value.hint
    with pytest.raises(ConversationRefusedError) as long:
        await render(renderer, "{{ raise_exception('x' * 4000000) }}")
    assert len(str(long.value)) <= 1000


@pytest.mark.parametrize(
    "template",
    [
        DOUBLING.format(start="[1]", operator="+"),
        DOUBLING.format(start="'x'", operator="~"),
        "{{ '%0999999999d' % 1 }}",
        "{{ '{:>999999999}'.format(messages[0].role) }}",
        "{{ messages[0].role | center(999999999) | length }}",
        "{{ [messages] | batch(999999999, 'x') | list | length }}",
    ],
)
async def test_a_template_fills_no_memory_but_its_own_share(renderer: ChatRenderer, template: str) -> None:
    before = peak(forget=True)
    with pytest.raises(ConversationRefusedError, match="more than 256 MiB of memory"):
        await render(renderer, template)
    assert peak() - before < 16 * MEBIBYTE
    assert await render(renderer)  # by a process that takes the ended one's place


async def test_processes_are_kept_and_bounded(renderer: ChatRenderer) -> None:
    await render(renderer)
    (first,) = renderer._idle
    assert re.search(rf"Max address space\s+{rendering.MEMORY_BYTES}\s", told(first, "limits"))
    names = {entry.partition("=")[0] for entry in told(first, "environ").split("\0")}
    assert names <= {"PYTHONPATH", "LANG", "TZ", ""}
    await render(renderer)
    assert renderer._idle == [first]
    first.kill()
    await first.wait()
    assert await render(renderer)
    assert renderer._idle != [first]


async def test_processes_are_confined(renderer: ChatRenderer) -> None:
    await render(renderer)
    (process,) = renderer._idle
    assert seccomp_mode(process.pid) == FILTERED


@pytest.mark.parametrize("expression", EVERYTHING)
async def test_what_jinja_offers_works_confined(renderer: ChatRenderer, expression: str) -> None:
    template = "{{ " + expression + " }}"
    assert await render(renderer, template) == ChatTemplate(template, {}).render([], ())


async def test_hosts_that_cannot_confine_render_nothing(
    renderer: ChatRenderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as host:
        host.setattr(sys, "executable", str(unfiltered_python(tmp_path)))
        with pytest.raises(UnconfinedError):
            await render(renderer)
    assert await render(renderer)


async def test_what_does_not_look_at_the_clock_ends_too(
    renderer: ChatRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "PATIENCE", 0.5)
    with pytest.raises(ConversationRefusedError, match="takes longer than"):
        await render(renderer, SLOW)
    assert not renderer._idle


async def test_a_rendering_without_a_gateway_ends_too() -> None:
    process = await start(rendering.RENDERER, str(rendering.MEMORY_BYTES), "1")
    assert process.stdin is not None
    order = msgspec.json.encode(Order(template=SLOW, special_tokens={}, messages=HELLO, tools=()))
    process.stdin.write(LENGTH.pack(len(order)) + order)
    process.stdin.close()
    assert await process.wait() == -signal.SIGALRM


async def test_callers_who_leave_end_their_rendering(renderer: ChatRenderer) -> None:
    await render(renderer)
    (process,) = renderer._idle
    leaving = asyncio.create_task(render(renderer, SLOW))
    waiting = asyncio.create_task(render(renderer))
    await asyncio.sleep(0)  # both have asked
    with pytest.raises(OverloadedError, match="too many conversations"):
        await render(renderer)
    leaving.cancel()
    assert await waiting
    assert process.returncode is not None
