"""The compose file and the Dockerfile fit the code and each other; no container engine is here to say so."""

import re
import shlex
import tomllib
from typing import Any

import commands
import pytest
import yaml
from manifests import DEPLOY

from trireme.sources import load

ROOT = DEPLOY.parent
EXAMPLE = (DEPLOY / "compose" / "example.env").read_text()
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def filled(text: str) -> str:
    """With what compose puts in the place of variables: the default, or anything where there is none."""
    return re.sub(r"\$\{\w+(?::([-?])([^}]*))?\}", lambda m: m[2] if m[1] == "-" else "secret", text)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(filled((DEPLOY / "compose" / "compose.yaml").read_text()))


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    return compose["services"]


def ours(services: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in services.items() if each["image"].startswith("trireme")}


def test_commands_and_flags_exist(services: dict[str, Any]) -> None:
    for service in ours(services).values():
        commands.check([*service.get("entrypoint", ["trireme"]), *service["command"]])
    assert ours(services).keys() == {"gateway", "schema", "worker", "scheduler", "jobs", "mirror"}


def test_settings_exist(services: dict[str, Any]) -> None:
    for service in ours(services).values():
        settings = load(environment=service["environment"])
        if "TRIREME_DATABASE_URL" in service["environment"]:
            assert settings.s3.bucket
    gateway = load(environment=services["gateway"]["environment"])
    assert gateway.gateway.host == "0.0.0.0"
    assert gateway.secret_keys, "one that a gateway makes would end with its container"
    assert services["gateway"]["ports"] == [f"8000:{gateway.gateway.port}"]


def test_what_services_refer_to_is_declared(compose: dict[str, Any], services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert set(service["networks"]) <= compose["networks"].keys(), name
        assert set(service.get("depends_on", ())) <= services.keys(), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (DEPLOY / "compose" / source).exists(), name
    used = {volume.split(":")[0] for each in services.values() for volume in each.get("volumes", ())}
    assert compose["volumes"].keys() <= used


def test_addresses_are_services_that_listen_there(services: dict[str, Any]) -> None:
    settings = load(environment=services["worker"]["environment"])
    addresses = [
        *settings.triton.urls,
        *settings.triton.http_urls,
        settings.s3.endpoint_url.removeprefix("http://"),
        str(settings.jobs.scheduler).removeprefix("tcp://"),
    ]
    limits = load(environment=services["gateway"]["environment"]).gateway.limits
    addresses.append(limits.redis_url.removeprefix("redis://").removesuffix("/0"))
    for address in addresses:
        host, port = address.split(":")
        assert re.search(rf"\b{port}\b", " ".join(services[host]["command"])), address
    assert f"@{'database'}/" in settings.database.url
    assert "database" in services


def test_every_variable_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose" / "compose.yaml").read_text()))
    assert asked == set(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE))


def test_images_are_pinned_and_ours_have_no_rights(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert re.search(r":v?\d+[.]\d+", service["image"]), name
    for name, service in ours(services).items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True
        assert service["image"].endswith(f":{PROJECT['version']}")
        assert f"AS {service['build']['target']}\n" in DOCKERFILE
    unconfined = {
        name for name, each in ours(services).items() if "seccomp=unconfined" in each["security_opt"]
    }
    assert unconfined == {"worker", "jobs"}


def test_prometheus_asks_ports_that_are_served(services: dict[str, Any]) -> None:
    scraped = yaml.safe_load((DEPLOY / "compose" / "prometheus.yaml").read_text())["scrape_configs"]
    for target in (each for job in scraped for group in job["static_configs"] for each in group["targets"]):
        host, port = target.split(":")
        assert any(word.endswith(f"={port}") for word in services[host]["command"]), target


def test_the_image_is_built_from_what_there_is() -> None:
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        *sources, _ = shlex.split(line)
        assert all((ROOT / source).exists() for source in sources), line
    allowed = re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in shlex.split(line)[:-1]
    }
    assert set(allowed) == copied
    for extras in re.findall(r"\.\[([\w,]+)\]", DOCKERFILE):
        assert set(extras.split(",")) <= PROJECT["optional-dependencies"].keys()
    for words in re.findall(r"^CMD \[(.+)\]$", DOCKERFILE, re.MULTILINE):
        commands.check(["trireme", *re.findall(r'"([^"]+)"', words)])
    assert "USER 10001:10001" in DOCKERFILE
