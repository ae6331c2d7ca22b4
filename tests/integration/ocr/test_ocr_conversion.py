"""The kit of the starter catalogue: three entries whose graphs answer like the originals, through Triton."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from drawn import invoice
from numpy.typing import NDArray
from ocr_site import Kit, Site

from converters.ocr.inspect import inspect_ocr
from converters.ocr.kit import find_kit
from converters.spec import BuildSpec, ConversionError
from gateway.serving.ocr.crops import cut
from gateway.serving.ocr.detection import find_lines, page_tensor, to_tensor
from model_repository.client import TritonClient
from model_repository.heads import TextDetectionHead, TextDirectionHead, TextRecognitionHead
from model_repository.manifest import Manifest, Task
from model_repository.tensors import infer_request, read_outputs

pytestmark = pytest.mark.integration

Tensor = NDArray[np.float32]


def original(kit: Kit, part: str, tensor: Tensor) -> Tensor:
    """What the graph out of the wheel answers."""
    graphs = find_kit(kit.source)
    assert graphs is not None
    session = onnxruntime.InferenceSession(str(graphs[part]), providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {session.get_inputs()[0].name: tensor})
    return answer


async def served(site: Site, graph: Manifest, tensor: Tensor, *outputs: str) -> list[NDArray[np.generic]]:
    client = TritonClient(site.triton_url)
    try:
        request = infer_request(graph.entry, {graph.inputs[0].name: tensor}, outputs)
        found = read_outputs(await client.infer(request, 60, ()))
    finally:
        await client.close()
    return [found[name] for name in outputs]


def _errors(graph: Manifest) -> set[str]:
    return {candidate.error for candidate in graph.candidates if candidate.error}


def test_a_kit_is_three_entries_that_passed_the_gate(kit: Kit) -> None:
    detection, direction, recognition = kit.manifests
    assert [graph.part for graph in kit.manifests] == ["detection", "direction", "recognition"]
    assert detection.inputs[0].shape == (-1, 3, -1, -1)
    assert direction.inputs[0].shape == (-1, 3, 48, 192)
    assert recognition.inputs[0].shape == (-1, 3, 48, -1)
    # Convolutions stay as they are, and the detector is made of nothing else.
    none = "the graph has no weights that {} could take in int8"
    assert _errors(detection) == {none.format("ONNX Runtime"), none.format("OpenVINO")}
    assert _errors(direction) == _errors(recognition) == set()
    for graph in kit.manifests:
        assert graph.tasks == (Task.OCR,)
        assert graph.parity is not None
        assert graph.parity.passed
    head = recognition.head
    assert isinstance(head, TextRecognitionHead)
    assert (len(head.characters), head.characters[0], head.characters[-1]) == (6624, "'", " ")


@pytest.mark.asyncio(loop_scope="session")
async def test_all_graphs_answer_like_the_originals_on_a_real_page(site: Site, kit: Kit) -> None:
    detection, direction, recognition = kit.manifests
    finds, turns, reads = detection.head, direction.head, recognition.head
    assert isinstance(finds, TextDetectionHead)
    assert isinstance(turns, TextDirectionHead)
    assert isinstance(reads, TextRecognitionHead)

    page = invoice()
    tensor = page_tensor(finds, page)
    right = original(kit, "detection", tensor)
    (seen,) = await served(site, detection, tensor, finds.output)
    np.testing.assert_allclose(seen, right, atol=2e-3)

    longest = max(find_lines(finds, right[0, 0], page.size), key=lambda corners: np.ptp(corners[:, 0]))
    line = cut(page, longest, reads.height)
    width = line.shape[1] // reads.stride * reads.stride
    tensor = to_tensor(line[:, :width])[None]
    right = original(kit, "recognition", tensor)[0]
    ids, scores = await served(site, recognition, tensor, reads.ids, reads.scores)
    assert ids.shape == (1, width // reads.stride)
    np.testing.assert_array_equal(ids[0], right.argmax(1))
    np.testing.assert_allclose(scores[0], right.max(1), atol=2e-3)

    upright = to_tensor(line[:, : turns.width])[None]
    tensor = np.concatenate([upright, upright[..., ::-1, ::-1]])
    (answer,) = await served(site, direction, tensor, turns.output)
    np.testing.assert_allclose(answer, original(kit, "direction", tensor), atol=1e-3)
    assert answer.argmax(1).tolist() == [0, 1]


def spec(*tasks: Task) -> BuildSpec:
    return BuildSpec(build_id="1", owner="global", name="kit", version=1, source="file:/kit", tasks=tasks)


def test_kits_that_cannot_be_converted_say_why(kit: Kit, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="the graphs do ocr, not embedding"):
        inspect_ocr(spec(Task.EMBEDDING), kit.source)
    source = shutil.copytree(kit.source, tmp_path / "kit")
    graphs = find_kit(source)
    assert graphs is not None
    model = onnx.load(graphs["recognition"])
    model.metadata_props[0].value = "a\nb"
    onnx.save(model, graphs["recognition"])
    with pytest.raises(ConversionError, match="has 6625 columns, and 2 characters in its metadata"):
        inspect_ocr(spec(), source)
    model.graph.output.append(model.graph.output[0])
    onnx.save(model, graphs["detection"])
    with pytest.raises(ConversionError, match="does not take one image and give one output"):
        inspect_ocr(spec(), source)
