"""Operations in layers as tests write them, and what is composed of them."""

from polyflow_services.spec_validator.layers.compose import Composer
from polyflow_services.spec_validator.layers.composed import Layer
from polyflow_shared.language import document, schema
from polyflow_shared.language.models import V1Operation

STRATEGIES = ("post_merge", "pre_merge", "replace", "isnull")


def operation(text) -> V1Operation:
    """Return the operation that a text or plain values describe, which must be right."""
    value = document.read(text).value if isinstance(text, str) else text
    read = schema.read(value)
    assert read.operation is not None
    assert not read.findings, read.findings
    return read.operation


def compose(text, *, in_dag=False, components=(), handed=None, presets=()):
    """Return an operation with its layers, and what is wrong with them."""
    composer = Composer()
    composed = composer.compose(
        Layer(operation(text), ()),
        {
            name: Layer(operation(one), ("run", "components", number))
            for number, (name, one) in enumerate(dict(components).items())
        },
        in_dag=in_dag,
        handed=handed,
        presets=[
            Layer(operation(one).model_copy(update={"is_preset": True}), (f"preset{number}",))
            for number, one in enumerate(presets)
        ],
    )
    return composed, composer.findings


def layered(text, **about):
    """Return an operation with its layers, with which nothing is wrong."""
    composed, findings = compose(text, **about)
    assert not findings, findings
    return composed


def plain(model):
    """Return what a model says, as plain values."""
    return model.model_dump(by_alias=True, exclude_unset=True, mode="json", warnings=False)


def run_of(text, **about):
    """Return the run of an operation in layers, as plain values without its kind."""
    run = plain(layered(text, **about).run)
    run.pop("kind", None)
    return run


def problems(text, **about):
    """Return what is wrong with the layers of an operation: code and path."""
    _, findings = compose(text, **about)
    return [(str(finding.code), finding.path) for finding in findings]
