"""Triton backend `tensorrt`: runs `<version>/model.plan` with TensorRT; see `plan_model`."""

from model_repository.backends.plan_model import PlanModel


class TritonPythonModel(PlanModel):
    """One instance of a model."""

    library = "tensorrt"
