"""Why polyflow says something else of a file than the released reader does."""

from typing import Final

_NOT_THERE: Final = "The file that `pathRef` names is not in the corpus; the reader had it."
_CACHE_IO: Final = (
    "A name in `cache.io` that the operation does not have is an error here: it would never count."
)
REASONS: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            "examples/in_cluster/keras/bidirectional_lstm/polyaxonfile_gpu.yml",
            "examples/in_cluster/keras/cnn_lstm/polyaxonfile_gpu.yml",
            "examples/in_cluster/keras/mnist/polyaxonfile_gpu.yml",
            "examples/in_cluster/keras/mnist/polyaxonfile_hyperparams_grid.yml",
            "examples/in_cluster/keras/mnist/polyaxonfile_hyperparams_mapping.yml",
            "examples/in_cluster/keras/mnist/polyaxonfile_hyperparams_random.yml",
            "examples/in_cluster/sklearn/sgd_classifier/polyaxonfile_hyperparams.yml",
        ),
        _NOT_THERE,
    ),
    "tests-fragments/cache-L29.yaml": _CACHE_IO,
}

COMPILED: Final[dict[str, str]] = {}
"""Why polyflow composes something else of a file."""
