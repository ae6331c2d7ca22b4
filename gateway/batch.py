"""Bodies that hold one item or a batch of them, told apart by whether their first field is a list.

An endpoint describes a single item, by a struct; the struct of a batch, in which the fields of an item are
lists, follows from it. The handler gets single items either way, and gives its results the request's shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, ClassVar, Generic, TypeVar, get_args, get_type_hints

import msgspec
import numpy as np
from litestar.dto import AbstractDTO
from litestar.openapi.spec import Reference, Schema
from litestar.params import BodyKwarg
from litestar.typing import FieldDefinition
from msgspec import Meta
from numpy.typing import NDArray

from gateway.body import BadRequestError, decode


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the structs for a single item.

    Attributes:
        per_item: fields that are lists in a batch, the first of them required; all others hold for the whole.
        max_items: in a batch.

    """

    per_item: ClassVar[tuple[str, ...]] = ("text",)
    max_items: ClassVar[int] = 1024


I = TypeVar("I", bound=Item)  # noqa: E741  # an item


@dataclass(frozen=True, slots=True)
class Batch(Generic[I]):
    """One item or several, never none.

    Attributes:
        single: the caller sent an item by itself, and gets its result by itself.

    """

    items: Sequence[I]
    single: bool

    @property
    def shared(self) -> I:
        """Any of the items, for the fields that hold for all of them."""
        return self.items[0]

    def shaped(self, results: Sequence[object] | NDArray[np.float32]) -> object:
        """Results in the shape of the request."""
        return results[0] if self.single else results

    def name(self, field: str, position: int) -> str:
        """What to call an item's field in an error message: `image` or `image[2]`."""
        return field if self.single else f"{field}[{position}]"


class BatchDecoder(Generic[I]):
    """Decodes the bodies of one endpoint."""

    def __init__(self, kind: type[I]) -> None:
        self.kind = kind
        self.batch_kind = batch_of(kind)
        self._single = msgspec.json.Decoder(kind)
        self._batch = msgspec.json.Decoder(self.batch_kind)
        self._first = msgspec.json.Decoder(msgspec.defstruct("First", [(kind.per_item[0], msgspec.Raw)]))

    def decode(self, body: bytes) -> Batch[I]:
        """Items of a body.

        Raises:
            BadRequestError: not JSON, no object, a field that breaks its rule, or lists of unequal length.

        """
        if not self._is_batch(body):
            return Batch([decode(body, self._single)], single=True)
        found = msgspec.structs.asdict(decode(body, self._batch))
        first, *others = self.kind.per_item
        length = len(found[first])
        for field in others:
            found[field] = [None] * length if found[field] is None else found[field]
            if len(found[field]) != length:
                raise BadRequestError(
                    f"`{field}` must have as many items as `{first}`: {len(found[field])} instead of {length}"
                )
        columns = zip(*(found.pop(field) for field in self.kind.per_item), strict=True)
        rows = [dict(zip(self.kind.per_item, values, strict=True)) for values in columns]
        return Batch([self.kind(**row, **found) for row in rows], single=False)

    def _is_batch(self, body: bytes) -> bool:
        try:
            first = getattr(self._first.decode(body), self.kind.per_item[0])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False  # decoding it as an item says what is wrong
        return bytes(memoryview(first)[:1]) == b"["


class BatchJSON(AbstractDTO[I]):
    """Give it to a handler as `dto=BatchJSON[Struct], return_dto=None` beside `data: Batch[Struct]`."""

    decoder: ClassVar[BatchDecoder[Any]]

    @classmethod
    def create_for_field_definition(cls, field_definition: FieldDefinition, *_: Any, **__: Any) -> None:
        """Prepare the decoder when the handler is registered; the base class would make transfer models."""
        cls.decoder = BatchDecoder(cls.model_type)

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        """Document both forms."""
        forms = [FieldDefinition.from_annotation(kind) for kind in (cls.decoder.kind, cls.decoder.batch_kind)]
        body = field_definition.kwarg_definition
        assert isinstance(body, BodyKwarg)
        return Schema(
            title=body.title,
            one_of=[schema_creator.for_field_definition(form) for form in forms],
            examples=[each.value for each in body.examples or ()],
        )

    def decode_bytes(self, value: bytes) -> Batch[I]:
        """Body of the request; see `BatchDecoder.decode`."""
        return self.decoder.decode(value)


def batch_of(kind: type[Item]) -> type[msgspec.Struct]:
    """Struct of a batch: `ThingBatch` for `ThingSingle`."""
    hints = get_type_hints(kind, include_extras=True)
    fields: list[Any] = []
    for spec in msgspec.structs.fields(kind):
        annotation = hints[spec.name]
        if spec.name in kind.per_item:
            annotation = _listed(annotation, kind.max_items)
        fields.append((spec.name, annotation) if spec.required else (spec.name, annotation, spec.default))
    name = kind.__name__.removesuffix("Single") + "Batch"
    doc = (
        f"A batch: lists of equal length instead of {' and '.join(f'`{field}`' for field in kind.per_item)}."
    )
    return msgspec.defstruct(name, fields, namespace={"__doc__": doc}, kw_only=True, frozen=True)


def _listed(annotation: Any, max_items: int) -> Any:
    """Type of a field of an item in a batch; null stays a way to leave it out altogether."""
    kind, *metas = get_args(annotation)
    arms = get_args(kind) if NoneType in get_args(kind) else (kind,)
    one: Any = Annotated[(arms[0], *metas)]
    many: Any = Annotated[list[one], Meta(min_length=1, max_length=max_items)]
    rule = next(meta.description for meta in metas if meta.description)
    listed = f"a list of 1 to {max_items} items, each {rule}"
    return Annotated[many if len(arms) == 1 else many | None, Meta(description=listed)]
