"""Train one candidate and report how good it is on the validation data after every epoch.

By hand: python train.py --data /tmp/digits/digits.npz --model wide --epochs 5 --out /tmp/digits
"""

import argparse
import warnings
from pathlib import Path

import joblib
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.neural_network import MLPClassifier

from polyflow import tracking

DIGITS = np.arange(10)


def candidate(name: str, rate: float, seed: int) -> SGDClassifier | MLPClassifier:
    """Return an untrained model that can be trained epoch by epoch."""
    match name:
        case "logistic":
            return SGDClassifier(loss="log_loss", learning_rate="constant", eta0=rate, random_state=seed)
        case "small":
            return perceptron((32,), rate, seed)
        case "wide":
            return perceptron((256,), rate, seed)
        case "deep":
            return perceptron((64, 64), rate, seed)
        case _:
            raise SystemExit(f"there is no model {name!r}: try logistic, small, wide or deep")


def perceptron(layers: tuple[int, ...], rate: float, seed: int) -> MLPClassifier:
    return MLPClassifier(hidden_layer_sizes=layers, learning_rate_init=rate, batch_size=32, random_state=seed)


def train(model: SGDClassifier | MLPClassifier, data: dict[str, np.ndarray], epochs: int, seed: int) -> float:
    """Train for so many epochs (>= 1) and return the last validation accuracy, 0 to 1."""
    order = np.random.default_rng(seed)
    accuracy = 0.0
    for epoch in range(1, epochs + 1):
        shuffled = order.permutation(len(data["train_y"]))
        model.partial_fit(data["train_x"][shuffled], data["train_y"][shuffled], classes=DIGITS)
        chances = model.predict_proba(data["valid_x"])
        accuracy = float(accuracy_score(data["valid_y"], chances.argmax(axis=1)))
        loss = float(log_loss(data["valid_y"], chances, labels=DIGITS))
        tracking.log_metrics(step=epoch, accuracy=accuracy, loss=loss)
        print(f"epoch {epoch:3}  accuracy {accuracy:.4f}  loss {loss:.4f}", flush=True)
    return accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="logistic")
    parser.add_argument("--rate", type=float, default=0.005)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path())
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    model = candidate(options.model, options.rate, options.seed)
    accuracy = train(model, dict(np.load(options.data)), options.epochs, options.seed)
    path = (options.out / f"{options.model}.joblib").absolute()
    joblib.dump(model, path)
    tracking.log_outputs(accuracy=accuracy, file=str(path))


if __name__ == "__main__":
    main()
