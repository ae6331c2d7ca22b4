"""A hostile model gets nowhere, neither while it is built nor while it serves; the platform outlives it."""

import asyncio
import json
import re
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import hostile
import httpx
import msgspec
import psutil
import pytest
import pytest_asyncio
from custom_builds import LIMITS, build, write_model
from sandbox_site import Site

from converters.spec import ConversionError
from model_repository import layout
from model_repository.custom import read_reply
from model_repository.probe import read_probe

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

NOTHING_THERE = {"ENOENT"}
READ_ONLY = {"EROFS", "EACCES", "EPERM"}
REFUSED = {"EPERM", "EACCES"}
# The kernel bounds what one process allocates, the watcher what all of them hold: either may come first.
OUT_OF_MEMORY = r"MemoryError|used more memory than its limit of 0\.39 GiB"

WANTED = {
    "tcp": {"ECONNREFUSED", "ENETUNREACH"},
    "tcp6": {"ECONNREFUSED", "ENETUNREACH", "EADDRNOTAVAIL"},
    "udp": {"ECONNREFUSED", "ENETUNREACH"},
    "world": {"ENETUNREACH"},
    "unix": NOTHING_THERE,
    "abstract": {"ECONNREFUSED"},
    "triton": {"ECONNREFUSED", "ENETUNREACH"},
    **dict.fromkeys(("passwd", "shadow", "root", "home", "data", "secret", "disk"), NOTHING_THERE),
    **dict.fromkeys(("through_init", "environment_of_init", "memory_of_init", "host"), REFUSED),
    **dict.fromkeys(("write_model", "write_program", "write_python", "write_system", "write_top"), READ_ONLY),
    **dict.fromkeys(("write_etc", "write_dev", "write_kernel", "write_oom"), READ_ONLY | NOTHING_THERE),
    **dict.fromkeys(("become_root", "chroot", "node"), REFUSED | {"EINVAL"}),
    **dict.fromkeys(("unshare", "mount", "ptrace", "keyring", "hidden_memory", "kernel_program"), REFUSED),
    "clone3": {"ENOSYS"},
    "fill_scratch": {"ENOSPC", "EFBIG"},
    "fill_memory_files": {"ENOSPC", "EFBIG"},
}


@dataclass
class Host:
    """What there is to reach, and what has been reached."""

    targets: dict[str, object]
    tcp: socket.socket
    udp: socket.socket
    unix: socket.socket
    abstract: socket.socket

    def untouched(self) -> bool:
        for one in (self.tcp, self.udp, self.unix, self.abstract):
            one.setblocking(False)
            try:
                one.accept() if one.type is socket.SOCK_STREAM else one.recv(1)
            except BlockingIOError:
                continue
            return False
        return True


@pytest.fixture(scope="session")
def host(site: Site) -> Iterator[Host]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        secret = folder / "secret"
        secret.write_text("nobody may read this")
        secret.chmod(0o644)
        tcp, udp = (
            stack.enter_context(socket.socket(socket.AF_INET, kind))
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
        )
        unix, abstract = (stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        name = uuid4().hex
        for one, address in (
            (tcp, ("127.0.0.1", 0)),
            (udp, ("127.0.0.1", 0)),
            (unix, str(folder / "socket")),
            (abstract, f"\0{name}"),
        ):
            one.bind(address)
        for one in (tcp, unix, abstract):
            one.listen()
        (folder / "socket").chmod(0o777)
        folder.chmod(0o755)
        targets = {
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "unix": str(folder / "socket"),
            "abstract": name,
            "triton": int(site.triton.url.rpartition(":")[2]),
            "data": str(site.storage.root),
            "secret": str(secret),
        }
        yield Host(targets, tcp, udp, unix, abstract)


def write_hostile(folder: Path, host: Host, *, at_load: str = "") -> Path:
    write_model(folder, module=hostile.MODULE + at_load)
    (folder / "targets.json").write_text(json.dumps(host.targets))
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def enemy(site: Site, client: httpx.AsyncClient, neighbour: str, host: Host) -> AsyncIterator[str]:
    """Serves beside a neighbour, which must be there as long as it is."""
    await site.serve(client, "enemy", write_hostile(site.folder / "enemy", host))
    triton = site.triton.pid
    yield "enemy"
    assert site.triton.pid == triton
    response = await client.post("/custom", json={"model": neighbour, "x": 1})
    assert response.json() == {"output": {"here": ["x"]}}


async def act(client: httpx.AsyncClient, name: str, *arguments: object) -> httpx.Response:
    return await client.post("/custom", json={"model": "enemy", "act": name, "with": arguments})


async def ended(client: httpx.AsyncClient, name: str, *arguments: object) -> str:
    """What its caller is told when a call is the end of a sandbox; the model must be back afterwards."""
    response = await act(client, name, *arguments)
    assert response.status_code == 502, response.text
    assert (await act(client, "everything")).status_code == 200
    return str(response.json()["message"])


def check(found: dict[str, Any], host: Host) -> None:
    got = {name: found[name] for name, wanted in WANTED.items() if str(found[name]) not in wanted}
    assert not got
    assert found["shared_memory"] == []
    assert found["user"] == [65534, 65534, 65534]
    assert found["capabilities"] == "0000000000000000"
    assert len(found["visible"]) <= 3
    assert set(found["environment"]) <= {
        "HOME", "LANG", "LC_CTYPE", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "PATH", "PWD",
        "PYTHONDONTWRITEBYTECODE", "USER",
    }  # fmt: skip
    assert set(found["descriptors"]) <= {
        "/dev/null",
        "pipe",
        "/proc/self/fd",
        f"/proc/{found['visible'][-1]}/fd",
    }
    assert host.untouched()


async def test_nothing_is_reached_while_it_serves(client: httpx.AsyncClient, enemy: str, host: Host) -> None:
    for body in ({}, {"act": "everything"}):
        response = await client.post("/custom", json={"model": enemy, **body})
        check(response.json()["output"], host)


async def test_nothing_is_reached_while_it_is_built(tmp_path: Path, host: Host) -> None:
    source = write_hostile(tmp_path / "source", host)
    entry = await asyncio.to_thread(build, source, tmp_path / "builds" / "1")
    reply = read_reply(read_probe((entry / layout.PROBE).read_bytes()).expected)
    check(msgspec.json.decode(reply.result), host)


async def test_a_fork_bomb_is_bounded(client: httpx.AsyncClient, enemy: str) -> None:
    count, error = (await act(client, "forks")).json()["output"]
    assert count < LIMITS.processes
    assert error == "EAGAIN"
    assert (await ended(client, "kill_all")).startswith("model enemy was ended")


async def test_a_memory_bomb_fails_alone(client: httpx.AsyncClient, enemy: str) -> None:
    assert re.search(OUT_OF_MEMORY, await ended(client, "eat"))


async def test_memory_counts_over_all_processes(client: httpx.AsyncClient, enemy: str) -> None:
    assert "used more memory than its limit of 0.39 GiB" in await ended(client, "eat_together")


async def test_an_endless_loop_is_ended(client: httpx.AsyncClient, enemy: str) -> None:
    assert "took longer than 3 s" in await ended(client, "spin")


async def test_an_endless_print_fills_no_disk(client: httpx.AsyncClient, enemy: str, site: Site) -> None:
    before = site.triton.log_file.stat().st_size
    assert "took longer than 3 s" in await ended(client, "print_for_ever")
    assert site.triton.log_file.stat().st_size - before < 4 << 20


async def test_an_endless_answer_is_not_taken(client: httpx.AsyncClient, enemy: str) -> None:
    assert "answered with more than" in await ended(client, "answer_much")


async def test_what_is_no_answer_is_not_passed_on(client: httpx.AsyncClient, enemy: str) -> None:
    assert "something that is not JSON" in await ended(client, "talk")


async def test_parents_cannot_be_killed(client: httpx.AsyncClient, enemy: str) -> None:
    response = await act(client, "kill_parents")
    assert response.status_code in (
        200,
        502,
    )  # the kernel keeps signals from the first process of a namespace
    assert (await act(client, "everything")).status_code == 200


def with_marker(marker: str) -> list[psutil.Process]:
    """Processes of this host that bear the marker in their command line."""
    running = psutil.process_iter(["cmdline"])
    return [process for process in running if marker in " ".join(process.info["cmdline"] or ())]


async def test_no_process_is_left_behind(client: httpx.AsyncClient, enemy: str) -> None:
    marker = uuid4().hex
    assert (await act(client, "leave_behind", marker)).json() == {"output": "left"}
    left = with_marker(marker)
    assert left
    await ended(client, "spin")
    _, alive = await asyncio.to_thread(psutil.wait_procs, left, 20)
    assert not alive


async def test_a_build_leaves_no_process_behind(tmp_path: Path, host: Host) -> None:
    marker = uuid4().hex
    source = write_hostile(tmp_path / "source", host, at_load=f"\nleave_behind({marker!r})")
    await asyncio.to_thread(build, source, tmp_path / "builds" / "1")
    left = with_marker(marker)
    _, alive = await asyncio.to_thread(psutil.wait_procs, left, 20)
    assert not alive


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ("spin()", "it took longer than 2 s"),
        ("eat()", OUT_OF_MEMORY),
        ("os._exit(5)", "it ended with status 5"),
        ("kill(os.getpid())", "it ended with status 137"),
    ],
)
async def test_a_build_tells_what_it_died_of(tmp_path: Path, host: Host, deed: str, told: str) -> None:
    source = write_hostile(tmp_path / "source", host, at_load=f"\n{deed}")
    limits = replace(LIMITS, load_seconds=2)
    with pytest.raises(ConversionError, match=r"inference\.py cannot be loaded") as caught:
        await asyncio.to_thread(build, source, tmp_path / "builds" / "1", sandbox=limits)
    assert re.search(told, caught.value.message)
