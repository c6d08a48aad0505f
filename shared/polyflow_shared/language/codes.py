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
    """Right, and not to be run: this release cannot run it yet, or somebody has to edit it first.

    Told when checked, refused when run.
    """
    INSTALLATION = "installation"
    """Known only where it is run: its clusters, queues, connections and presets, and what is behind a URL.

    Told when checked, refused when run where it is so.
    """


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
    """A text that is larger than what is read."""
    NOT_UTF8 = "PF1002"
    """A text in another encoding than UTF-8."""
    SYNTAX = "PF1003"
    """A text that is no YAML, and no JSON."""
    TAB = "PF1004"
    """A tab where YAML wants spaces."""
    SEVERAL_DOCUMENTS = "PF1005"
    """More than one document in a file."""
    EMPTY = "PF1006"
    """Nothing but spaces and comments."""
    NOT_A_MAP = "PF1007"
    """A list or a single value in place of fields."""
    DUPLICATE_KEY = "PF1008"
    """A key that a map has twice; YAML readers differ in which of them they take."""
    TAG = "PF1009"
    """A tag of YAML, such as `!!python/name`: values are plain here."""
    EXPANSION = "PF1010"
    """Aliases that multiply the text beyond measure."""
    NESTING = "PF1011"
    """Maps and lists that are nested deeper than what is read."""
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
    """A field that there is not."""
    MISSING_FIELD = "PF2002"
    """A field that must be given."""
    WRONG_TYPE = "PF2003"
    """A value of another type than the field takes."""
    NOT_ALLOWED = "PF2004"
    """A value of the right type, out of its range or not among those allowed."""
    NOT_YET = "PF2005"
    """Part of the language, and not supported yet."""
    NO_KIND = "PF2006"
    """No `kind` where it chooses the other fields."""
    SEVERAL_DEFINITIONS = "PF2007"
    """More than one reference to what is run."""
    UNKNOWN_TYPE = "PF2008"
    """A type of inputs and outputs that there is not."""

    NO_OPERATIONS = "PF3001"
    """A DAG without operations."""
    UNNAMED = "PF3002"
    """An operation or component of a DAG without a name."""
    DUPLICATE_NAME = "PF3003"
    """Two operations or components of a DAG with one name."""
    NO_DEFINITION = "PF3004"
    """An operation that says nowhere what it runs."""
    UNKNOWN_COMPONENT = "PF3005"
    """A `dagRef` to a component that the DAGs around it do not have."""
    COMPONENT_CYCLE = "PF3006"
    """Components that are made of each other."""
    UNKNOWN_UPSTREAM = "PF3007"
    """An operation that waits for one that its DAG does not have."""
    CYCLE = "PF3008"
    """Operations that wait for each other."""
    MISSING_PARAM = "PF3009"
    """A required input without a value."""
    UNKNOWN_PARAM = "PF3010"
    """A param that no input is declared for."""
    WRONG_VALUE = "PF3011"
    """A value that its type or its validation does not take."""
    WRONG_REF = "PF3012"
    """A `ref` that is not written as one, or leads to nothing."""
    UNKNOWN_ENTRY = "PF3013"
    """A ref to an input or output that is not declared."""
    TYPE_MISMATCH = "PF3014"
    """A value of another type than the input that it is for."""
    NO_CONTAINER = "PF3015"
    """A run without a container."""
    UNKNOWN_CLUSTER = "PF3016"
    """A queue of a cluster that there is not."""
    TOO_BIG = "PF3017"
    """Too many operations, too deep, or a plan that is too large."""

    WRONG_PLUGIN = "PF3018"
    """An addition that the kind of run does not have."""
    BUILD_OF_DAG = "PF3019"
    """An image that is built for a DAG, which runs none."""
    SCHEDULE_IN_DAG = "PF3020"
    """A schedule of an operation in a DAG; the DAG decides when it runs."""
    TEMPLATE_LOCK = "PF3021"
    """A specification that is to be edited before it is run."""
    NO_IMAGE = "PF3022"
    """A container with a name and no image, which is no mistake where containers are processes."""

    ID_REUSED = "PF4001"
    """The id of another request; said by the planner, which remembers them."""
    NOT_RESUMED = "PF4002"
    """A run that cannot go on: the planner knows how it stands, a plan what is left to do."""

    UNKNOWN_VOLUME = "PF3023"
    """A container mounts a volume that its pod does not have."""

    UNKNOWN_CONNECTION = "PF3024"
    """A connection that the installation does not have."""
    CONNECTION_FORBIDDEN = "PF3025"
    """A connection that the request's project or owner may not use."""
    QUEUE_FORBIDDEN = "PF3026"
    """A queue that the request's project may not use."""

    TEMPLATE_SYNTAX = "PF5001"
    """A template that cannot be read."""
    TEMPLATE_NAME = "PF5002"
    """A name in a template that nothing gives a value to."""
    TEMPLATE_FORBIDDEN = "PF5003"
    """Something in a template that is not allowed there, or that fails whatever the values are."""
    TEMPLATE_SIZE = "PF5004"
    """A template that is, or becomes, larger than what is rendered."""

    CRON = "PF6001"
    """A cron expression that no schedule can be made of."""
    NEVER = "PF6002"
    """Something that never happens: an event, a schedule that is over at its start, a trigger of nothing."""
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
    """Documents that refer to each other."""
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
    Code.UNKNOWN_VOLUME: Stage.RUN_READY,
    Code.UNKNOWN_CLUSTER: Stage.INSTALLATION,
    Code.UNKNOWN_CONNECTION: Stage.INSTALLATION,
    Code.CONNECTION_FORBIDDEN: Stage.INSTALLATION,
    Code.QUEUE_FORBIDDEN: Stage.INSTALLATION,
    Code.REFERENCE_OFFLINE: Stage.INSTALLATION,
    Code.TEMPLATE_LOCK: Stage.SUPPORT,
}
