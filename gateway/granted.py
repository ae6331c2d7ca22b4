"""Bodies that name a model: the caller's access to it is checked before the rest of the body."""

from typing import Any, TypeVar

from gateway.serving.inference.naming import granted
from gateway.validation import ModelJSON, read_json, validated

T = TypeVar("T")


class GrantedJSON(ModelJSON[T]):
    """As `ModelJSON`, for routes behind a key whose body has a field `model`."""

    def decode_bytes(self, value: bytes) -> Any:
        """Body of the request as the model.

        Raises:
            ModelNotFoundError: the caller has no such model.
            ModelForbiddenError: its role does not grant the model whole.
            SchemaError: not JSON, or rules are broken.

        """
        body = read_json(value)
        name = body.get("model") if isinstance(body, dict) else None
        if isinstance(name, str):
            granted(self.asgi_connection.app.state.snapshots.current, self.asgi_connection.auth, name)
        return validated(self.model, body, "body")
