"""What a newcomer sees: one command, a ready line, a curl command that works, the right numbers."""

import json
import re
import subprocess
from collections.abc import Callable

import numpy as np
import pytest
from harness import CATALOGUE, ROOT, Server, trireme, wait_until

from control_plane.catalogue import load_catalogue

pytestmark = pytest.mark.integration

TEXTS = [
    "a galley with three rows of oars",
    "an ancient warship",
    "Invoices are due within thirty days.",
    "short",
    " ".join(["the long way back from war to harbour"] * 60),
]


def test_the_printed_command_works_as_pasted(server: Server) -> None:
    command = server.output[-1]
    assert command.startswith("curl ")
    answer = subprocess.run(command, shell=True, capture_output=True, check=True, cwd=server.data.parent)
    assert len(json.loads(answer.stdout)["vector"]) == 384


def test_triton_answers_like_the_original(
    server: Server, original: Callable[[list[str]], np.ndarray]
) -> None:
    vectors = np.array(server.embed(TEXTS).json()["vector"])
    expected = original(TEXTS)
    cosines = (vectors * expected).sum(1) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosines.min() > 0.99


def test_related_texts_are_closer_than_unrelated_ones(server: Server) -> None:
    galley, warship, invoice = np.array(server.embed(TEXTS[:3]).json()["vector"])
    assert galley @ warship > 0.4 > 0.2 > galley @ invoice


def test_single_equals_batch(server: Server) -> None:
    batch = np.array(server.embed(TEXTS).json()["vector"])
    single = np.array([server.embed(text).json()["vector"] for text in TEXTS])
    assert np.abs(batch - single).max() < 0.02


def test_the_root_key_is_private(server: Server) -> None:
    assert (server.data / "root.key").stat().st_mode & 0o777 == 0o600
    assert any("root.key" in line for line in server.output)


def test_the_commands_tell_what_runs(server: Server) -> None:
    listed = trireme("models", "list", data=server.data).stdout
    assert "all-minilm-l6-v2" in listed
    assert "english" in listed
    shown = trireme("models", "show", "all-minilm-l6-v2", data=server.data).stdout
    assert "onnxruntime fp32" in shown
    assert "chosen" in shown
    assert "passed, cosine" in shown
    logs = trireme("models", "logs", "all-minilm-l6-v2", "--stage", "load", data=server.data).stdout
    assert "load      succeeded" in logs


def test_a_second_server_on_the_same_folder_is_refused(server: Server) -> None:
    refused = trireme("serve", "--port", "0", data=server.data, check=False)
    assert refused.returncode == 1
    assert f"process {server.process.pid}" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert server.embed("still here").is_success


def test_keys_are_made_listed_and_revoked(server: Server) -> None:
    created = trireme("keys", "create", "--name", "ci", "--account", "acme", data=server.data)
    secret, shown = created.stdout.strip(), re.search(r"key (\S+)… for account acme", created.stderr)
    headers = {"x-api-key": secret}

    def status() -> int:
        body = {"text": "hello"}
        return server.client.post("/text-vectorisation", json=body, headers=headers).status_code

    wait_until(lambda: status() == 200)
    listed = trireme("keys", "list", data=server.data).stdout
    assert "acme" in listed
    assert secret not in listed
    assert secret.encode() not in (server.data / "trireme.db").read_bytes()
    assert shown
    assert secret.startswith(shown[1])
    trireme("keys", "revoke", shown[1], data=server.data)
    wait_until(lambda: status() == 403)


def test_these_tests_build_what_the_starter_catalogue_builds_first() -> None:
    assert load_catalogue(str(CATALOGUE)).models == load_catalogue("starter").models[:1]


def test_the_script_passes_its_flags_on() -> None:
    shown = subprocess.run([ROOT / "scripts/serve", "--help"], capture_output=True, text=True, check=True)
    for flag in ("--host", "--port", "--data", "--catalogue"):
        assert flag in shown.stdout
