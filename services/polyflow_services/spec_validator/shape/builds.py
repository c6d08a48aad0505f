"""Images that are built first: an operation with `build` is preceded by one that runs the builder.

The builder waits for what the operation waits for, and the operation for the builder alone; its image is the
builder's param `destination`.
"""

from collections.abc import Mapping
from typing import Final

from polyflow_services.spec_validator.layers.composed import Composed, Layer
from polyflow_services.spec_validator.links.refs import Bindings
from polyflow_shared.language.models import V1Build, V1Operation

DESTINATION: Final = "destination"
"""The builder's param that names the image."""
_SAME: Final = ("hub_ref", "queue", "namespace", "presets", "cache", "params", "run_patch", "patch_strategy")
"""Fields of `build` that mean for the builder what they mean for any operation."""


def builder(name: str, composed: Composed) -> Layer | None:
    """Return the operation that builds another one's image; None where none is built.

    Args:
        name: of the operation that the image is for.
        composed: that operation.
    """
    build = composed.operation.build
    if not isinstance(build, V1Build) or composed.run is None or composed.run.kind == "dag":
        return None
    path = composed.place("build")
    owner = next((layer.owner for layer in composed.layers if layer.operation.build is build), None)
    fields = {field: value for field in _SAME if (value := getattr(build, field)) is not None}
    operation = V1Operation.model_construct(_fields_set={"name", *fields}, name=f"{name}-build", **fields)
    return Layer(operation, path, owner or composed.layers[0].owner)


def image(build: int | None, bindings: Mapping[int, Bindings]) -> str | None:
    """Return the image that a builder makes, if there is one and that is known before it runs.

    Args:
        build: the builder's number, if there is one.
        bindings: what names stand for, by operation.
    """
    made = bindings.get(build, {}) if build is not None else {}
    found = made[DESTINATION].value if DESTINATION in made else None
    if isinstance(found, dict):
        found = found.get("name")
    return found if isinstance(found, str) else None
