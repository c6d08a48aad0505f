"""Split scikit-learn's hand-written digits into training, validation and held-out data.

By hand: python prepare.py --out /tmp/digits
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from polyflow import tracking

BRIGHTEST = 16.0
"""The largest value of a pixel in the data set."""


def split(seed: int) -> dict[str, np.ndarray]:
    """Return images (n x 64, pixels 0 to 1) and labels: 60 % to train, 20 % to validate, 20 % held out."""
    images, labels = load_digits(return_X_y=True)
    rest_x, test_x, rest_y, test_y = train_test_split(
        images / BRIGHTEST, labels, test_size=0.2, stratify=labels, random_state=seed
    )
    train_x, valid_x, train_y, valid_y = train_test_split(
        rest_x, rest_y, test_size=0.25, stratify=rest_y, random_state=seed
    )
    return {
        "train_x": train_x,
        "train_y": train_y,
        "valid_x": valid_x,
        "valid_y": valid_y,
        "test_x": test_x,
        "test_y": test_y,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path())
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    data = split(options.seed)
    path = (options.out / "digits.npz").absolute()
    np.savez_compressed(path, **data)
    rows = {part: len(data[f"{part}_y"]) for part in ("train", "valid", "test")}
    tracking.log_outputs(data=str(path), rows=rows)
    print(f"{path}: {rows}")


if __name__ == "__main__":
    main()
