"""Triton backend `tensorrt_rtx`: runs `<version>/model.plan` with TensorRT-RTX; see `plan_model`."""

from model_repository.backends.plan_model import PlanModel


class TritonPythonModel(PlanModel):
    """One instance of a model."""

    library = "tensorrt_rtx"
