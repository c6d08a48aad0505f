"""Values: params that are given, inputs and outputs that are declared, and what they may be."""

from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, StringConstraints, model_validator

from polyflow_shared.language.models.base import Integer, Model, Number, Templated, broken_rule, is_template
from polyflow_shared.language.validation import broken
from polyflow_shared.language.values import TypeNameError, ValueTypeError, coerce

RESERVED: Final = frozenset({"globals", "params", "connections"})
"""Names that templates use for something else."""


def _free(name: str) -> str:
    if name in RESERVED:
        raise broken_rule(f"the name `{name}` is reserved")
    return name


ValueName = Annotated[str, StringConstraints(min_length=1), AfterValidator(_free)]


def has_template(value: object) -> bool:
    """Tell whether a value has a template anywhere in it."""
    if isinstance(value, dict):
        return any(map(has_template, value.values()))
    return any(map(has_template, value)) if isinstance(value, list) else is_template(value)


class V1Param(Model):
    """A value that an operation gets: a literal, or with `ref` a place to read it from."""

    value: Any = None
    """Literal, template string, or (with `ref`) an entity path. With `ref` it must be a string."""
    ref: str | None = None
    """Where to read from: `dag`, `ops.NAME`, `runs.UUID`."""
    context_only: bool | None = None
    """`true`: never bound to an input/output, available only in templates. `false`: must match a
    declaration. absent: either.
    """
    connection: str | None = None
    """Connection to resolve with."""
    to_init: bool | None = None
    """Add as an init step (needs type git/artifacts/dockerfile or a connection)."""
    to_env: str | None = None
    """Also export as this env var."""

    @classmethod
    def get(cls, value: Any, ref: str | None = None) -> Self:
        """Return a param for a value, or with `ref` for what is to be read there; a param is one already."""
        return value if isinstance(value, cls) else cls(value=value, ref=ref)

    @model_validator(mode="after")
    def _ref_has_text(self) -> Self:
        if self.ref is not None and not isinstance(self.value, str | dict):
            raise broken_rule("with `ref`, `value` is a text such as `outputs.loss`", at="value")
        return self


class V1Validation(Model):
    """What a value must be like."""

    delay: Templated[bool] | None = None
    """Postpone to run time. (A literal value given now is still checked.)"""
    gt: Templated[Number] | None = None
    """Numeric >."""
    ge: Templated[Number] | None = None
    """Numeric >=."""
    lt: Templated[Number] | None = None
    """Numeric <."""
    le: Templated[Number] | None = None
    """Numeric <=."""
    multiple_of: Templated[Number] | None = None
    """Value must be a multiple."""
    min_digits: Templated[Integer] | None = None
    """Minimum total digits."""
    max_digits: Templated[Integer] | None = None
    """Maximum total digits."""
    decimal_places: Templated[Integer] | None = None
    """Maximum decimal places."""
    regex: str | None = None
    """String must match (search from start)."""
    min_length: Templated[Integer] | None = None
    """Minimum string length."""
    max_length: Templated[Integer] | None = None
    """Maximum string length."""
    contains: Any = None
    """Value (string/list/dict) must contain this object (whole-object membership)."""
    excludes: Any = None
    """Value must not contain it."""
    options: Any = None
    """Value must be one of these."""
    min_items: Templated[Integer] | None = None
    """Minimum list/dict size."""
    max_items: Templated[Integer] | None = None
    """Maximum list/dict size."""
    keys: Templated[list[str]] | None = None
    """Dict must have exactly this key set."""
    contains_keys: Templated[list[str]] | None = None
    """Dict must have these keys."""
    excludes_keys: Templated[list[str]] | None = None
    """Dict must not have these keys."""


class V1IO(Model):
    """A declared input or output."""

    name: ValueName
    """Not `globals`, `params`, `connections`. Duplicates are not rejected (later one wins)."""
    description: str | None = None
    """Free text."""
    type: str | None = None
    """Any supported type name. Absent = no type check. Unknown name to error."""
    is_optional: bool | None = None
    """2.18: inferred true when `value` is set. Explicit `false` together with `value` is rejected."""
    is_list: bool | None = None
    """Deprecated spelling of `List[type]`: value must be a list, checked item by item. Needed to receive a
    join.
    """
    is_flag: bool | None = None
    """Only with type `bool`; `as_arg` renders `--name` when true, empty when false."""
    arg_format: str | None = None
    """Template for `params.NAME.as_arg`; default `--name=value`. Uses `{{ name }}`."""
    connection: str | None = None
    """Connection to resolve this value against."""
    to_init: bool | None = None
    """Turn the value (git, artifacts, dockerfile types or anything with a connection) into an init step."""
    to_env: str | None = None
    """Also expose the value as this environment variable in the main container."""
    value: Any = None
    """Default value (validated at parse time)."""
    validation: V1Validation | None = None
    """Constraint set (below)."""
    delay_validation: bool | None = None
    """Deprecated; outputs default to true, inputs to false. Use `validation.delay`."""
    options: Any = None
    """Deprecated list of allowed values; use `validation.options`."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.is_flag and self.type != "bool":
            raise broken_rule(
                f"`{self.name}`: only a `bool` can be a flag", at="isFlag", hint="write `type: bool`"
            )
        if self.is_optional is False and "value" in self.model_fields_set:
            raise broken_rule(
                f"`{self.name}` has a default, so it is optional",
                at="isOptional",
                hint="remove `isOptional: false`",
            )
        if self.value is not None and not has_template(self.value):
            self._check_default()
        return self

    def _check_default(self) -> None:
        try:
            fitting = coerce(self.kind, self.value)
        except TypeNameError as error:
            raise broken_rule(str(error), at="type", code="PF2008") from error
        except ValueTypeError as error:
            raise broken_rule(f"`{self.name}`: {error}", at="value", code="PF3011") from error
        for problem in broken(self.rules, fitting):
            raise broken_rule(f"`{self.name}`: {problem}", at="value", code="PF3011")

    @property
    def rules(self) -> dict[str, Any]:
        """What a value must be like, by the names of the rules in the language."""
        rules: dict[str, Any] = {"options": self.options} if self.options is not None else {}
        if self.validation is not None:
            rules |= self.validation.model_dump(by_alias=True, exclude_none=True, exclude={"delay"})
        return rules

    @property
    def has_default(self) -> bool:
        """Whether a default is given; 0, false and "" are defaults, null is none."""
        return self.value is not None

    @property
    def optional(self) -> bool:
        """Whether it may go without a value of its own."""
        return bool(self.is_optional) or self.has_default

    @property
    def kind(self) -> str | None:
        """The type's name in full: a list of it where `isList` is set."""
        return f"List[{self.type or 'any'}]" if self.is_list else self.type
