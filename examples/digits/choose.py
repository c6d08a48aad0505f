"""Pick the candidate with the best validation accuracy; of equals, the first.

By hand: python choose.py logistic:0.95:/tmp/digits/logistic.joblib wide:0.98:/tmp/digits/wide.joblib
"""

import argparse
from typing import NamedTuple

from polyflow import tracking


class Candidate(NamedTuple):
    """A trained model."""

    name: str
    accuracy: float
    """On the validation data, 0 to 1."""
    file: str


def candidate(text: str) -> Candidate:
    """Return what `NAME:ACCURACY:FILE` says."""
    name, accuracy, file = text.split(":", 2)
    return Candidate(name, float(accuracy), file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("candidates", nargs="+", type=candidate, metavar="NAME:ACCURACY:FILE")
    candidates = parser.parse_args().candidates
    best = max(candidates, key=lambda each: each.accuracy)
    ranking = {each.name: each.accuracy for each in candidates}
    tracking.log_outputs(name=best.name, file=best.file, ranking=ranking)
    for each in sorted(candidates, key=lambda each: -each.accuracy):
        print(f"{each.accuracy:.4f}  {each.name}{'  <- best' if each is best else ''}")


if __name__ == "__main__":
    main()
