"""Write a report in Markdown, with a picture of what was taken for what.

By hand: python report.py --name wide --accuracy 0.5 --confusion '[[1, 1], [0, 2]]' --ranking '{"wide": 0.5}'
"""

import argparse
import json
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # draws into files; needs no screen

from matplotlib import pyplot as plt

from polyflow import tracking


def draw(confusion: list[list[int]], path: Path) -> None:
    """Draw the confusion matrix; counts of mistakes stand in their cells."""
    figure, axes = plt.subplots(figsize=(5.5, 5), layout="constrained")
    axes.imshow(confusion, cmap="Blues")
    digits = range(len(confusion))
    axes.set(xticks=digits, yticks=digits, xlabel="recognised as", ylabel="is")
    for row in digits:
        for column in digits:
            if confusion[row][column]:
                colour = "white" if row == column else "firebrick"
                axes.text(column, row, str(confusion[row][column]), ha="center", va="center", color=colour)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def text(name: str, accuracy: float, ranking: dict[str, float], confusion: list[list[int]]) -> str:
    """Return the report; accuracies are shares, 0 to 1."""
    images = sum(map(sum, confusion))
    lines = [
        "# Hand-written digits",
        "",
        f"The best candidate, **{name}**, recognises **{accuracy:.1%}** of {images} unseen images.",
        "",
        "| candidate | validation accuracy |",
        "|---|---|",
    ]
    ranked = sorted(ranking.items(), key=lambda item: -item[1])
    lines += [f"| {candidate} | {value:.2%} |" for candidate, value in ranked]
    return "\n".join([*lines, "", "![What was taken for what](confusion.png)", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--accuracy", type=float, required=True)
    parser.add_argument("--confusion", type=json.loads, required=True)
    parser.add_argument("--ranking", type=json.loads, required=True)
    parser.add_argument("--out", type=Path, default=Path())
    options = parser.parse_args()
    draw(options.confusion, options.out / "confusion.png")
    path = (options.out / "report.md").absolute()
    path.write_text(text(options.name, options.accuracy, options.ranking, options.confusion))
    tracking.log_outputs(report=str(path))
    print(path)


if __name__ == "__main__":
    main()
