#!/usr/bin/python3
"""Trains a model on features that `scoring replay` computed, and writes it as a bundle.

The same files and options give the same bytes. Needs Debian's python3-xgboost, python3-sklearn,
python3-pandas and python3-onnx; `./dev train` calls it.
"""

import argparse
import hashlib
import json
import pathlib

import numpy as np
import pandas as pd
import sklearn
import xgboost

import measures
import trees_to_onnx

TOLERANCE = 1e-5
GOLDEN_ROWS = 160
PARAMETERS = {
    "objective": "binary:logistic", "base_score": 0.5, "tree_method": "hist", "max_depth": 6, "eta": 0.1,
    "min_child_weight": 5, "subsample": 0.8, "colsample_bytree": 0.8, "lambda": 1.0, "seed": 1,
    # The sums of more threads would be added in an order that chance decides.
    "nthread": 1,
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", required=True, help="the CSV that `scoring replay` wrote")
    parser.add_argument("--dataset", required=True, help="the CSV that was replayed: transactionId, cardId, eventTime, label")
    parser.add_argument("--output", required=True, type=pathlib.Path, help="the bundle's folder, such as models/fraud/1")
    parser.add_argument("--name", default="fraud", help="the model's name")
    parser.add_argument("--version", type=int, default=1, help="the model's version")
    parser.add_argument("--contract", required=True, type=pathlib.Path, help="the JSON that `scoring model contract` printed for the feature set")
    parser.add_argument("--source", default="", help="where the data come from, for the record")
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--validation-days", type=int, default=14, help="on which the thresholds are chosen")
    parser.add_argument("--test-days", type=int, default=14, help="the last days, on which nothing is chosen")
    parser.add_argument("--label-delay-days", type=int, default=7, help="left out before validation and test: labels are not known yet")
    parser.add_argument("--decline-precision", type=float, default=0.9, help="share of fraud among what is declined in validation")
    parser.add_argument("--alert-share", type=float, default=0.01, help="share of transactions reviewed or declined in validation")
    return parser.parse_args()


def read(options):
    """The features as float32 with each transaction's card, day and label, in order of time."""
    features = pd.read_csv(options.features, float_precision="round_trip", dtype={"transactionId": str})
    names = json.loads(options.contract.read_text())["features"]
    if list(features.columns) != ["transactionId", *names]:
        raise SystemExit(f"{options.features} has the columns {', '.join(features.columns)}; "
                         f"the feature set of {options.contract} has transactionId, {', '.join(names)}")
    facts = pd.read_csv(options.dataset, usecols=["transactionId", "cardId", "eventTime", "label"], dtype={"transactionId": str, "cardId": str})
    facts["eventTime"] = pd.to_datetime(facts["eventTime"], utc=True)
    frame = features.merge(facts, on="transactionId", how="inner", validate="one_to_one")
    if len(frame) != len(features):
        raise SystemExit(f"{len(features) - len(frame)} rows of {options.features} are not in {options.dataset}: both must be of the same data set")
    if frame.empty:
        raise SystemExit(f"{options.features} has no rows: there is nothing to train on; is the map of its replay that of its input?")
    frame[names] = frame[names].astype(np.float32)
    frame = frame.sort_values("eventTime", kind="stable", ignore_index=True)
    frame["day"] = (frame["eventTime"] - frame["eventTime"].iloc[0].normalize()).dt.days
    return frame, names


def split(frame, options):
    """Train, validation and test by time, with the label delay left out between them."""
    end = frame["day"].iloc[-1] + 1
    test_from = end - options.test_days
    validation_to = test_from - options.label_delay_days
    validation_from = validation_to - options.validation_days
    train_to = validation_from - options.label_delay_days
    if train_to < 7:
        raise SystemExit(f"{end} days of data leave {train_to} to train on; at least 7 are needed")
    day = frame["day"]
    parts = {"train": (0, train_to), "validation": (validation_from, validation_to), "test": (test_from, end)}
    parts = {name: frame[(day >= first) & (day < last)].copy() for name, (first, last) in parts.items()}
    for name, part in parts.items():
        if part["label"].nunique() < 2:
            raise SystemExit(f"the {name} period has {len(part)} transactions, {int(part['label'].sum())} of them fraud; both kinds are needed")
    return parts


def train(part, names, trees):
    matrix = xgboost.DMatrix(part[names].to_numpy(), label=part["label"], feature_names=names)
    return xgboost.train(PARAMETERS, matrix, trees)


def predict(booster, part, names):
    return booster.predict(xgboost.DMatrix(part[names].to_numpy(), feature_names=names))


def baseline(part, names):
    """The median of each feature over the honest transactions; missing where it mostly is."""
    honest = part.loc[part["label"] == 0, names]
    median = honest.median().astype(np.float32)
    median[honest.isna().mean() > 0.5] = np.nan
    return median


def golden_rows(part, names):
    """Rows over the whole range of scores, some with values taken away, and one with none."""
    ranked = part.sort_values(["score", "transactionId"])
    places = np.linspace(0, len(ranked) - 1, GOLDEN_ROWS // 2).astype(int)
    # Half of them from the upper end, where the decisions are made.
    upper = np.linspace(len(ranked) * 0.98, len(ranked) - 1, GOLDEN_ROWS // 2).astype(int)
    rows = ranked.iloc[np.concatenate([places, upper])][names].to_numpy(dtype=np.float32)
    holes = np.random.default_rng(1).random(rows.shape) < 0.2
    rows[::2][holes[::2]] = np.nan
    rows[0] = np.nan
    return rows


def shortest(value):
    """A float32 as the float whose text is the shortest that reads back as it; None where missing."""
    text = None if np.isnan(value) else float(str(np.float32(value)))
    assert text is None or np.float32(text) == value
    return text


def check_agreement(model, booster, rows, names):
    """The largest difference between the ONNX file's scores and the trainer's."""
    expected = booster.predict(xgboost.DMatrix(rows, feature_names=names))
    difference = float(np.abs(trees_to_onnx.evaluate(model, rows) - expected).max())
    if not difference <= TOLERANCE:
        raise SystemExit(f"the ONNX model differs from the trees that it was made of by {difference}; at most {TOLERANCE} is right")
    return difference


def rounded(figures):
    return {name: round(float(value), 4) for name, value in figures.items()}


def thresholds(part, options):
    labels, scores = part["label"].to_numpy(), part["score"].to_numpy()
    decline = measures.decline_threshold(labels, scores, options.decline_precision)
    review = min(decline, measures.review_threshold(scores, options.alert_share))
    # Upwards, so that what was chosen still holds.
    return [float(np.ceil(float(score) * 1e4) / 1e4) for score in (review, decline)]


def main():
    options = arguments()
    frame, names = read(options)
    parts = split(frame, options)
    booster = train(parts["train"], names, options.trees)
    for part in parts.values():
        part["score"] = predict(booster, part, names)
    trees, margin = trees_to_onnx.booster_trees(booster)
    model = trees_to_onnx.to_bytes(trees_to_onnx.to_onnx(trees, margin, len(names), options.name))
    rows = golden_rows(parts["test"], names)
    sample = np.concatenate([rows, parts["test"][names].to_numpy()[:20_000]])
    agreement = check_agreement(model, booster, sample, names)
    review, decline = thresholds(parts["validation"], options)
    training = training_facts(frame, parts, review, decline, options)
    write(options, names, model, rows, baseline(parts["train"], names), (review, decline), training)
    print(json.dumps(training, indent=2))
    print(f"{options.output}: {options.trees} trees, review from {review}, decline from {decline}; "
          f"{len(sample)} rows differ from XGBoost's by at most {agreement:.1e}")


def training_facts(frame, parts, review, decline, options):
    """What the bundle says of its making; nothing of it is interpreted when it is loaded."""
    card_precision, ceiling = measures.card_precision(frame, parts["test"], options.label_delay_days)
    return {
        "source": options.source,
        "libraries": {"xgboost": xgboost.__version__, "scikit-learn": sklearn.__version__},
        "parameters": {**PARAMETERS, "trees": options.trees},
        "periods": {name: {"firstDay": int(part["day"].iloc[0]), "lastDay": int(part["day"].iloc[-1]),
                           "transactions": len(part), "fraud": int(part["label"].sum())} for name, part in parts.items()},
        "labelDelayDays": options.label_delay_days,
        "thresholds": {
            "decline": f"the lowest score from which on {options.decline_precision:.0%} of the validation period's transactions are fraud",
            "review": f"the score that {options.alert_share:.1%} of the validation period's transactions reach"},
        "validation": rounded({**measures.ranking(parts["validation"]), **measures.actions(parts["validation"], review, decline)}),
        "test": rounded({**measures.ranking(parts["test"]), "cardPrecision100": card_precision, "cardPrecision100Ceiling": ceiling,
                         **measures.actions(parts["test"], review, decline)}),
        "cardPrecision100": measures.CARD_PRECISION,
    }


def write(options, names, model, rows, medians, chosen, training):
    golden = "".join(
        json.dumps({"inputs": [shortest(v) for v in row], "score": shortest(score)}, separators=(",", ":")) + "\n"
        for row, score in zip(rows, trees_to_onnx.evaluate(model, rows)))
    files = {"model.onnx": model, "golden.jsonl": golden.encode()}
    contract = json.loads(options.contract.read_text())
    manifest = {
        "formatVersion": 1, "name": options.name, "version": options.version,
        "featureSet": {key: contract[key] for key in ("name", "version", "fingerprint")},
        "inputs": [{"name": name, "baseline": shortest(medians[name])} for name in names],
        "input": trees_to_onnx.INPUT, "output": trees_to_onnx.OUTPUT,
        "thresholds": {"review": chosen[0], "decline": chosen[1]},
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "training": training,
    }
    files["model.json"] = (json.dumps(manifest, indent=2) + "\n").encode()
    options.output.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (options.output / name).write_bytes(content)


if __name__ == "__main__":
    main()
