"""Measure a trained model on the held-out data, which no training and no choice has seen.

By hand: python evaluate.py --data /tmp/digits/digits.npz --file /tmp/digits/wide.joblib
"""

import argparse
from pathlib import Path

import joblib
import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix

from polyflow import tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--file", type=Path, required=True)
    options = parser.parse_args()
    data = np.load(options.data)
    guessed = joblib.load(options.file).predict(data["test_x"])
    accuracy = float(accuracy_score(data["test_y"], guessed))
    confusion = confusion_matrix(data["test_y"], guessed, labels=np.arange(10))
    tracking.log_metrics(accuracy=accuracy)
    tracking.log_outputs(accuracy=accuracy, confusion=confusion.tolist())
    print(f"held-out accuracy {accuracy:.4f} on {len(guessed)} images")


if __name__ == "__main__":
    main()
