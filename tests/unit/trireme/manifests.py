"""The Kubernetes manifests as kustomize would put them together, as far as our tests ask."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[3] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"

Object = dict[str, Any]


def documents(path: Path) -> list[Object]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def kustomized(folder: Path) -> Iterator[tuple[Path, Object]]:
    """All objects below a kustomization, patches left out."""
    kustomization = documents(folder / "kustomization.yaml")[0]
    for name in (*kustomization.get("resources", ()), *kustomization.get("components", ())):
        path = (folder / name).resolve()
        if path.is_dir():
            yield from kustomized(path)
        else:
            yield from ((path, each) for each in documents(path))


def patches(folder: Path) -> list[Object]:
    """All patches of a kustomization and of those below it."""
    kustomization = documents(folder / "kustomization.yaml")[0]
    below = [(folder / name).resolve() for name in kustomization.get("resources", ())]
    found = [patch for path in below if path.is_dir() for patch in patches(path)]
    for patch in kustomization.get("patches", ()):
        found += documents(folder / patch["path"])
    return found


@dataclass(frozen=True)
class Pod:
    """A template with the name of what makes pods of it."""

    name: str
    labels: dict[str, str]
    spec: Object
    claims: tuple[str, ...]

    @property
    def containers(self) -> list[Object]:
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]

    @property
    def ports(self) -> set[str | int]:
        ports = [port for container in self.containers for port in container.get("ports", ())]
        return {value for port in ports for value in (port["name"], port["containerPort"])}


def pods(objects: list[Object]) -> list[Pod]:
    return [
        Pod(
            name=each["metadata"]["name"],
            labels=each["spec"]["template"]["metadata"]["labels"],
            spec=each["spec"]["template"]["spec"],
            claims=tuple(claim["metadata"]["name"] for claim in each["spec"].get("volumeClaimTemplates", ())),
        )
        for each in objects
        if each["kind"] in ("Deployment", "StatefulSet", "Job")
    ]


def selected(selector: Object, candidates: list[Pod]) -> list[Pod]:
    """Pods that a label selector means."""

    def fits(pod: Pod) -> bool:
        equal = all(pod.labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
        within = all(
            pod.labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", ())
        )
        return equal and within

    return [pod for pod in candidates if fits(pod)]
