"""Values: params that are given, inputs and outputs that are declared, and what they may be."""

from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, StringConstraints, model_validator

from polyflow_shared.language.models.base import Integer, Model, Number, Templated, broken_rule, is_template
from polyflow_shared.language.values.typed import TypeNameError, ValueTypeError, coerce
from polyflow_shared.language.values.validation import broken

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
    """The value itself, or with `ref` what is read there, such as `outputs.loss`."""
    ref: str | None = None
    """Where it is read: `dag`, `ops.NAME` or `runs.ID`. `ops.NAME` makes that operation an upstream."""
    context_only: bool | None = None
    """True: it is for templates only. False: there must be an input of its name. Absent: either."""
    connection: str | None = None
    """The connection that the value belongs to."""
    to_init: bool | None = None
    """Whether it becomes a step that prepares the run."""
    to_env: str | None = None
    """The environment variable that carries it as well."""

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
    """Whether a value is checked when it is there, not before."""
    gt: Templated[Number] | None = None
    """It is greater than this."""
    ge: Templated[Number] | None = None
    """It is this or greater."""
    lt: Templated[Number] | None = None
    """It is less than this."""
    le: Templated[Number] | None = None
    """It is this or less."""
    multiple_of: Templated[Number] | None = None
    """It is a multiple of this."""
    min_digits: Templated[Integer] | None = None
    """Digits at least."""
    max_digits: Templated[Integer] | None = None
    """Digits at most."""
    decimal_places: Templated[Integer] | None = None
    """Digits after the point at most."""
    regex: str | None = None
    """A regular expression that it begins with."""
    min_length: Templated[Integer] | None = None
    """Characters at least."""
    max_length: Templated[Integer] | None = None
    """Characters at most."""
    contains: Any = None
    """What is in it: part of a text, an item of a list, a key of a map."""
    excludes: Any = None
    """What is not in it."""
    options: Any = None
    """The values that it may have."""
    min_items: Templated[Integer] | None = None
    """Items at least, of a list or map."""
    max_items: Templated[Integer] | None = None
    """Items at most, of a list or map."""
    keys: Templated[list[str]] | None = None
    """The keys of a map: these and no others."""
    contains_keys: Templated[list[str]] | None = None
    """Keys that a map has."""
    excludes_keys: Templated[list[str]] | None = None
    """Keys that a map does not have."""


class V1IO(Model):
    """A declared input or output."""

    name: ValueName
    """Its name; not `globals`, `params` or `connections`."""
    description: str | None = None
    """A text for readers."""
    type: str | None = None
    """What its values are: `int`, `float`, `str`, `bool`, `List[int]`, `path` and more. Absent: anything."""
    is_optional: bool | None = None
    """Whether it may go without a value. With a default it may."""
    is_list: bool | None = None
    """Whether it is a list of its type; `type: List[...]` says the same. What a join fills must be one."""
    is_flag: bool | None = None
    """Whether it becomes `--name` when true and nothing when false; for `type: bool`."""
    arg_format: str | None = None
    """How it is written as an argument; `--name=value` where absent. It may use `{{ name }}`."""
    connection: str | None = None
    """The connection that its value belongs to."""
    to_init: bool | None = None
    """Whether its value becomes a step that prepares the run."""
    to_env: str | None = None
    """The environment variable that carries its value as well."""
    value: Any = None
    """The default."""
    validation: V1Validation | None = None
    """What a value must be like."""
    delay_validation: bool | None = None
    """Old for `validation.delay`: whether a value is checked when it is there; true for outputs where
    absent.
    """
    options: Any = None
    """Old for `validation.options`: the values that it may have."""

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
