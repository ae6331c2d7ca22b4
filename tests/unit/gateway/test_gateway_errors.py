"""Errors become answers without secrets."""

import pytest
from litestar.exceptions import MethodNotAllowedException, NotFoundException

from control_plane.catalog import ModelNotFoundError
from gateway.apis.backprop.errors import ErrorBody, render, render_model
from gateway.apis.kserve import errors as kserve_errors
from gateway.errors import Failure, describe, documented
from gateway.serving.errors import OverloadedError, TokenizerUnavailableError
from model_repository.errors import InferenceError, ServerUnavailableError


def test_own_errors_keep_their_status_code_message_and_hint() -> None:
    failure = describe(ModelNotFoundError("model x not found", hint="add it"))
    assert failure == Failure(404, "model_not_found", "model x not found", "add it")
    assert render(failure) == ErrorBody("model x not found: add it")


def test_a_sentence_with_a_hint_has_one_full_stop() -> None:
    failure = Failure(429, "rate_limited", "5 requests exceeded.", "Wait.")
    assert render(failure) == ErrorBody("5 requests exceeded: Wait.")
    assert kserve_errors.render(failure) == kserve_errors.ErrorBody("5 requests exceeded. Wait.")


def test_errors_that_pass_say_when_to_try_again() -> None:
    assert describe(ServerUnavailableError("gone")).headers == {"Retry-After": "1"}


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [(NotFoundException(), 404, "Not Found"), (MethodNotAllowedException(), 405, "Method Not Allowed")],
)
def test_errors_of_the_framework(error: Exception, status: int, message: str) -> None:
    failure = describe(error)
    assert (failure.status, failure.message) == (status, message)


def test_unforeseen_errors_tell_nothing() -> None:
    failure = describe(RuntimeError("password=hunter2 in /root/secret"))
    assert (failure.status, render(failure)) == (500, ErrorBody("internal error"))


def test_model_routes_answer_404_with_a_bare_string() -> None:
    assert render_model(Failure(404, "model_not_found", "model x not found")) == "model x not found"
    assert render_model(Failure(403, "forbidden", "Forbidden")) == ErrorBody("Forbidden")


def test_responses_are_documented_by_their_classes() -> None:
    specs = documented(ErrorBody, OverloadedError, InferenceError, TokenizerUnavailableError)
    assert list(specs) == [502, 503]
    assert specs[502].description == "Triton answered a request with an error of the model itself."
    assert specs[503].description.count(".") == 2
