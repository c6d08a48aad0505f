"""Every problem that a specification can have, by its stable code."""

from enum import Enum, StrEnum, unique


class Stage(Enum):
    """The steps of checking a specification; what is refused at one never gets to the next."""

    SCHEMA = "schema"
    """The text, its fields and their types."""
    COMPILE = "compile"
    """References, layers, the graph, refs and their types."""
    RUN_READY = "run_ready"
    """Everything has a value, and nothing is known to fail."""
    SUPPORT = "support"
    """The language has it and this release cannot run it: accepted when checked, refused when run."""


@unique
class Code(StrEnum):
    """Codes keep their meaning: PF1 text, PF2 fields, PF3 graph and params, PF4 requests, PF5 templates.

    PF6 is for what can be read and never work, PF7 for references, PF8 for older dialects.
    """

    @property
    def stage(self) -> Stage:
        """Where a specification is refused for this, unless a finding says otherwise."""
        return _STAGES.get(self) or _FAMILIES[self.value[2]]

    TOO_LARGE = "PF1001"
    NOT_UTF8 = "PF1002"
    SYNTAX = "PF1003"
    TAB = "PF1004"
    SEVERAL_DOCUMENTS = "PF1005"
    EMPTY = "PF1006"
    NOT_A_MAP = "PF1007"
    DUPLICATE_KEY = "PF1008"
    TAG = "PF1009"
    EXPANSION = "PF1010"
    """Aliases that multiply the text beyond measure."""
    NESTING = "PF1011"
    CHARACTER = "PF1012"
    """NUL, other control characters, or half of a surrogate pair."""
    NUMBER = "PF1013"
    """A number that JSON cannot carry."""
    KEY = "PF1014"
    """A key that is a list or a map, or a merge key without a map."""
    UNREADABLE = "PF1017"
    """A file that is not there or may not be read."""

    RESPELLED = "PF1015"
    """A word or number that is read as something else than it is written, where text is meant."""

    UNKNOWN_FIELD = "PF2001"
    MISSING_FIELD = "PF2002"
    WRONG_TYPE = "PF2003"
    NOT_ALLOWED = "PF2004"
    """A value of the right type, out of its range or not among those allowed."""
    NOT_YET = "PF2005"
    """Part of the language, and not supported yet."""
    NO_KIND = "PF2006"
    SEVERAL_DEFINITIONS = "PF2007"
    UNKNOWN_TYPE = "PF2008"

    NO_OPERATIONS = "PF3001"
    UNNAMED = "PF3002"
    DUPLICATE_NAME = "PF3003"
    NO_DEFINITION = "PF3004"
    UNKNOWN_COMPONENT = "PF3005"
    COMPONENT_CYCLE = "PF3006"
    UNKNOWN_UPSTREAM = "PF3007"
    CYCLE = "PF3008"
    MISSING_PARAM = "PF3009"
    UNKNOWN_PARAM = "PF3010"
    WRONG_VALUE = "PF3011"
    WRONG_REF = "PF3012"
    UNKNOWN_ENTRY = "PF3013"
    """A ref to an input or output that is not declared."""
    TYPE_MISMATCH = "PF3014"
    NO_CONTAINER = "PF3015"
    UNKNOWN_CLUSTER = "PF3016"
    TOO_BIG = "PF3017"
    """Too many operations, too deep, or a plan that is too large."""

    WRONG_PLUGIN = "PF3018"
    """An addition that the kind of run does not have."""
    BUILD_OF_DAG = "PF3019"
    SCHEDULE_IN_DAG = "PF3020"
    TEMPLATE_LOCK = "PF3021"
    """A specification that is to be edited before it is run."""
    NO_IMAGE = "PF3022"
    """A container with a name and no image, which is no mistake where containers are processes."""

    ID_REUSED = "PF4001"
    """The id of another request; said by the planner, which remembers them."""

    TEMPLATE_SYNTAX = "PF5001"
    TEMPLATE_NAME = "PF5002"
    TEMPLATE_FORBIDDEN = "PF5003"
    TEMPLATE_SIZE = "PF5004"

    CRON = "PF6001"
    """A cron expression that no schedule can be made of."""
    NEVER = "PF6002"
    """Something that never happens: an event, a schedule that is over before it begins."""
    RANGE = "PF6003"
    """A number that makes no sense where it stands."""
    QUERY = "PF6004"
    """A query over runs that cannot be read."""
    REPEATED = "PF6005"
    """A value or a name that is given twice."""
    INCOMPLETE = "PF6006"
    """What can be read and cannot work without something else."""

    REFERENCE = "PF7001"
    """A reference that is not written as one."""
    REFERENCE_MISSING = "PF7002"
    """What it leads to is not where it was searched."""
    REFERENCE_FORBIDDEN = "PF7003"
    """It leads to a place that may not be read."""
    REFERENCE_UNREACHABLE = "PF7004"
    """Where it leads to did not answer, or not in time."""
    REFERENCE_CYCLE = "PF7005"
    REFERENCE_LIMIT = "PF7006"
    """Too many documents, or too large ones."""
    REFERENCE_NOT_SENT = "PF7007"
    """A file of the user's machine that did not come with the request."""
    REFERENCE_OFFLINE = "PF7008"
    """A URL that was not looked at: unknown when checked, refused when run."""

    OLDER_DIALECT = "PF8001"
    """Read, and written otherwise today."""
    MIXED_DIALECTS = "PF8002"
    """Fields of two dialects side by side."""


_FAMILIES = {
    "1": Stage.SCHEMA,
    "2": Stage.SCHEMA,
    "3": Stage.COMPILE,
    "4": Stage.RUN_READY,
    "5": Stage.RUN_READY,
    "6": Stage.RUN_READY,
    "7": Stage.COMPILE,
    "8": Stage.SCHEMA,
}
_STAGES = {
    Code.NOT_YET: Stage.SUPPORT,
    Code.NO_CONTAINER: Stage.RUN_READY,
    Code.BUILD_OF_DAG: Stage.RUN_READY,
    Code.UNKNOWN_CLUSTER: Stage.SUPPORT,
    Code.REFERENCE_OFFLINE: Stage.SUPPORT,
    Code.TEMPLATE_LOCK: Stage.SUPPORT,
}
