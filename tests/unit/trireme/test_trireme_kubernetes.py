"""The Kubernetes manifests fit the code and each other; no cluster is at hand to say so."""

import re
from typing import Any

import commands
import pytest
import yaml
from manifests import KUBERNETES, Object, Pod, documents, kustomized, patches, pods, selected

from gateway.health import HealthController
from trireme.sources import load

OVERLAYS = ("base", "overlays/gpu", "overlays/standalone")
OURS = ("trireme", "trireme-worker")
NEEDLESS = {
    ("worker", "triton-0.triton", "http"),
    ("triton", "triton-0.triton", "http"),
    ("triton", "triton-0.triton", "grpc"),
}
"""Pods, hosts and ports that a pod is told of as all are, and does not call."""

SECRETS = {"trireme-jobs-tls", "trireme-state"}
"""Named in the instructions beside `trireme`, whose keys are in the example."""


@pytest.fixture(params=OVERLAYS)
def objects(request: pytest.FixtureRequest) -> list[Object]:
    return [each for _, each in kustomized(KUBERNETES / request.param)]


@pytest.fixture
def everything() -> list[Object]:
    return [each for _, each in kustomized(KUBERNETES / "overlays" / "standalone")]


def secret_keys() -> dict[str, str]:
    lines = (KUBERNETES / "base" / "secret.example.env").read_text().split()
    return dict(line.split("=", 1) for line in lines)


def ours(candidates: list[Pod]) -> list[tuple[Pod, Object]]:
    return [(pod, each) for pod in candidates for each in pod.containers if each["image"] in OURS]


def named(objects: list[Object], kind: str) -> dict[str, Object]:
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def test_every_file_belongs_to_a_kustomization(everything: list[Object]) -> None:
    used = {path for path, _ in kustomized(KUBERNETES / "overlays" / "standalone")}
    patched = {
        (folder / patch["path"]).resolve()
        for folder in KUBERNETES.rglob("*")
        if (folder / "kustomization.yaml").exists()
        for patch in documents(folder / "kustomization.yaml")[0].get("patches", ())
    }
    found = {path.resolve() for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml"}
    assert found == used | patched


def test_names_are_unique_and_objects_have_kinds(objects: list[Object]) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in objects]
    assert len(names) == len(set(names)) > 10
    assert all(each["apiVersion"] for each in objects)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_patches_change_containers_that_exist(overlay: str) -> None:
    objects = [each for _, each in kustomized(KUBERNETES / overlay)]
    for patch in patches(KUBERNETES / overlay):
        target = named(objects, patch["kind"])[patch["metadata"]["name"]]
        names = {each["name"] for each in target["spec"]["template"]["spec"]["containers"]}
        assert {each["name"] for each in patch["spec"]["template"]["spec"]["containers"]} <= names


def test_commands_and_flags_exist(objects: list[Object]) -> None:
    checked = 0
    for _, container in ours(pods(objects)):
        commands.check([*container.get("command", ["trireme"]), *container["args"]])
        checked += 1
    assert checked >= 6


def test_flags_in_patches_exist() -> None:
    templates = [patch["spec"]["template"]["spec"] for patch in patches(KUBERNETES / "overlays" / "gpu")]
    changed = [each for spec in templates for each in spec["containers"] if "args" in each]
    assert [each["name"] for each in changed] == ["jobs"]
    commands.check(["dask", "worker", *changed[0]["args"]])


def test_a_command_that_does_not_exist_would_be_found() -> None:
    for words in (
        ["trireme", "gatway"],
        ["trireme", "db", "upgrade", "--now"],
        ["dask", "worker", "--gpu=1"],
    ):
        with pytest.raises(commands.UnknownCommandError):
            commands.check(words)


def test_settings_exist_and_have_values_that_can_be_read(objects: list[Object]) -> None:
    config = named(objects, "ConfigMap")["trireme"]["data"]
    for _, container in ours(pods(objects)):
        environment = dict(config) if "envFrom" in container else {}
        environment |= secret_keys() if "envFrom" in container else {}
        environment |= {each["name"]: each.get("value", "x") for each in container.get("env", ())}
        load(environment=environment)


def test_what_pods_refer_to_exists(objects: list[Object]) -> None:
    maps, claims = named(objects, "ConfigMap"), named(objects, "PersistentVolumeClaim")
    for pod in pods(objects):
        volumes = {volume["name"]: volume for volume in pod.spec.get("volumes", ())}
        for volume in volumes.values():
            if claim := volume.get("persistentVolumeClaim"):
                assert claim["claimName"] in claims
            if secret := volume.get("secret"):
                assert secret["secretName"] in SECRETS
        for container in pod.containers:
            for mount in container.get("volumeMounts", ()):
                assert mount["name"] in {*volumes, *pod.claims}, (pod.name, mount)
            for source in container.get("envFrom", ()):
                if "configMapRef" in source:
                    assert source["configMapRef"]["name"] in maps
                else:
                    assert source["secretRef"]["name"] == "trireme"
            for variable in container.get("env", ()):
                check_reference(variable)


def check_reference(variable: dict[str, Any]) -> None:
    reference = variable.get("valueFrom", {}).get("secretKeyRef")
    if reference and reference["name"] == "trireme":
        assert reference["key"] in secret_keys()
    elif reference:
        assert reference["name"] in SECRETS


def test_services_policies_and_budgets_mean_pods_and_ports_that_exist(objects: list[Object]) -> None:
    candidates = pods(objects)
    for service in named(objects, "Service").values():
        (pod,) = selected({"matchLabels": service["spec"]["selector"]}, candidates)
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= pod.ports
    for policy in named(objects, "NetworkPolicy").values():
        meant = selected(policy["spec"]["podSelector"], candidates)
        assert meant
        for rule in policy["spec"].get("ingress", ()):
            for port in rule.get("ports", ()):
                assert all(port["port"] in pod.ports for pod in meant), policy["metadata"]["name"]
            for peer in rule.get("from", ()):
                assert "namespaceSelector" in peer or selected(peer["podSelector"], candidates)
    for budget in named(objects, "PodDisruptionBudget").values():
        assert selected(budget["spec"]["selector"], candidates)
    for scaler in named(objects, "HorizontalPodAutoscaler").values():
        target = scaler["spec"]["scaleTargetRef"]
        assert target["name"] in named(objects, target["kind"])


def addresses(container: Object, config: dict[str, str]) -> set[tuple[str, int]]:
    """Hosts and ports that a container is told of."""
    sources = {"configMapRef": config, "secretRef": secret_keys()}
    told = [value for each in container.get("envFrom", ()) for value in sources[next(iter(each))].values()]
    told += container.get("args", ())
    told += [each["value"] for each in container.get("env", ()) if "value" in each]
    found = re.findall(r"(?:^|//(?:[^@/]*@)?|,)([a-z0-9.-]+):(\d+)", ",".join(told))
    return {(host, int(port)) for host, port in found if host != "localhost"}


def admitted(policy: Object, pod: Pod, port: str) -> bool:
    """Whether a policy lets what comes from a pod through to a port."""
    return any(
        ("ports" not in rule or {"port": port} in rule["ports"])
        and (
            "from" not in rule
            or any(selected(peer["podSelector"], [pod]) for peer in rule["from"] if "podSelector" in peer)
        )
        for rule in policy["spec"].get("ingress", ())
    )


def test_what_pods_are_told_of_is_there_and_lets_them_in(everything: list[Object]) -> None:
    candidates, services = pods(everything), named(everything, "Service")
    policies = named(everything, "NetworkPolicy").values()
    config = named(everything, "ConfigMap")["trireme"]["data"]
    found = set()
    for pod, container in ours(candidates):
        for host, number in addresses(container, config):
            service = services[host.rsplit(".", 1)[-1]]
            (port,) = [each["targetPort"] for each in service["spec"]["ports"] if each["port"] == number]
            (server,) = selected({"matchLabels": service["spec"]["selector"]}, candidates)
            if (pod.name, host, port) not in NEEDLESS:
                meant = [each for each in policies if selected(each["spec"]["podSelector"], [server])]
                assert any(admitted(each, pod, port) for each in meant), (pod.name, host, port)
            found.add(host)
    assert found == {"triton-0.triton", "scheduler", "s3", "redis"}


def test_what_secrets_are_encrypted_with_outlives_a_gateway_and_is_shared() -> None:
    """A gateway's data folder ends with its pod: a key that was made there would be lost with it."""
    assert "TRIREME_SECRET_KEYS" in secret_keys()


def test_probes_ask_what_the_gateway_answers(everything: list[Object]) -> None:
    paths = {path for handler in HealthController.__dict__.values() for path in getattr(handler, "paths", ())}
    (gateway,) = [container for pod, container in ours(pods(everything)) if pod.name == "gateway"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        request = gateway[probe]["httpGet"]
        assert request["path"] in paths
        assert request["port"] in {port["name"] for port in gateway["ports"]}


def test_pods_have_no_more_rights_than_they_need(objects: list[Object]) -> None:
    for pod in pods(objects):
        assert pod.spec["automountServiceAccountToken"] is False, pod.name
        assert pod.spec["securityContext"]["runAsNonRoot"] is True, pod.name
        for container in pod.containers:
            rights = container["securityContext"]
            assert rights["allowPrivilegeEscalation"] is False
            assert rights["capabilities"] == {"drop": ["ALL"]}
            assert container["image"] not in OURS or rights["readOnlyRootFilesystem"] is True
            assert {"requests", "limits"} <= container["resources"].keys()
    unconfined = {
        pod.name
        for pod in pods(objects)
        if pod.spec["securityContext"]["seccompProfile"]["type"] == "Unconfined"
    }
    assert unconfined == {"worker", "jobs"}


def test_images_are_pinned(everything: list[Object]) -> None:
    tags = yaml.safe_load((KUBERNETES / "base" / "kustomization.yaml").read_text())["images"]
    pinned = {each["name"]: each["newTag"] for each in tags}
    for pod in pods(everything):
        for container in pod.containers:
            name, _, tag = container["image"].partition(":")
            assert re.search(r"\d+[.]\d+", tag or pinned[name]), container["image"]
