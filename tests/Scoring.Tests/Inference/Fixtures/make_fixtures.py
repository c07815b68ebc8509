"""Makes the models beside this file. Run it as /usr/bin/python3 make_fixtures.py (needs python3-onnx)."""

import hashlib
import json
import pathlib
import sys

import numpy as np
from onnx import TensorProto, helper

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[3] / "training"))
import trees_to_onnx  # noqa: E402

FEATURES = ["amount", "count_1d", "ratio", "night"]
BASELINE = [20.0, 1.0, 1.0, None]


def stump(feature, split, below, from_split, missing_is_below):
    """A tree of one split, as XGBoost writes it."""
    return {"left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [feature, 0, 0],
            "split_conditions": [split, below, from_split], "default_left": [missing_is_below, 0, 0]}


# Feature by feature the margin rises by 3, 1, 2 and 2 above the baseline's.
TREES = [stump(0, 100.0, -1.0, 2.0, 1), stump(1, 5.0, -0.5, 0.5, 0), stump(2, 4.0, -1.0, 1.0, 1),
         stump(3, 0.5, -1.0, 1.0, 1)]


def plain(nodes, rows="N", width=4, output=("N", 1), output_type=TensorProto.FLOAT, initializers=()):
    graph = helper.make_graph(
        nodes, "fixture", [helper.make_tensor_value_info("features", TensorProto.FLOAT, [rows, width])],
        [helper.make_tensor_value_info("score", output_type, list(output))], list(initializers))
    return helper.make_model(graph, producer_name="scoring-fixtures", ir_version=8, opset_imports=[
        helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 1)])


def scalar(name, values, kind=TensorProto.INT64):
    return helper.make_tensor(name, kind, [len(values)], values)


def others():
    """Models that are wrong in one way each, or right in an unusual one."""
    first = helper.make_node("Slice", ["features", "from", "to", "axis"], ["first"])
    bounds = [scalar("from", [0]), scalar("to", [1]), scalar("axis", [1])]
    sigmoid = helper.make_node("Sigmoid", ["first"], ["score"])
    yield "flat", plain([first, helper.make_node("Sigmoid", ["first"], ["column"]),
                         helper.make_node("Squeeze", ["column", "axis"], ["score"])], output=("N",), initializers=bounds)
    yield "first", plain([first, sigmoid], initializers=bounds)
    yield "three_inputs", plain([first, sigmoid], width=3, initializers=bounds)
    yield "one_row", plain([first, sigmoid], rows=1, output=(1, 1), initializers=bounds)
    yield "four_outputs", plain([helper.make_node("Sigmoid", ["features"], ["score"])], output=("N", 4))
    yield "double_output", plain([first, helper.make_node("Cast", ["first"], ["score"], to=TensorProto.DOUBLE)],
                                 output_type=TensorProto.DOUBLE, initializers=bounds)
    yield "batch_dependent", plain(
        [first, helper.make_node("ReduceMean", ["first"], ["mean"], axes=[0], keepdims=1),
         helper.make_node("Sub", ["first", "mean"], ["centred"]),
         helper.make_node("Sigmoid", ["centred"], ["score"])], initializers=bounds)
    absent = trees_to_onnx.to_onnx([stump(9, 1.0, 0.0, 1.0, 1)], 0.0, 4, "fixture")
    yield "feature_out_of_range", absent
    yield "external_weights", external_weights()


def external_weights():
    """A model whose weights are in another file, which no hash covers."""
    weights = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[4, 1], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "external-weights.bin"), ("offset", "0"), ("length", "16")):
        weights.external_data.add(key=key, value=value)
    return plain([helper.make_node("MatMul", ["features", "weights"], ["margin"]),
                  helper.make_node("Sigmoid", ["margin"], ["score"])], initializers=[weights])


def golden(model):
    rng = np.random.default_rng(1)
    rows = np.column_stack([rng.uniform(0, 200, 40), rng.integers(0, 10, 40), rng.uniform(0, 8, 40),
                            rng.integers(0, 2, 40)]).astype(np.float32)
    rows[rng.random(rows.shape) < 0.15] = np.nan
    # On a split, just below it, and all missing.
    rows[:3] = [[100.0, 5.0, 4.0, 0.5], np.nextafter(np.float32([100.0, 5.0, 4.0, 0.5]), np.float32(0)), [np.nan] * 4]
    for row, score in zip(rows, trees_to_onnx.evaluate(model, rows)):
        values = [None if np.isnan(v) else float(str(v)) for v in row]
        yield json.dumps({"inputs": values, "score": float(str(score))}, separators=(",", ":")) + "\n"


def main():
    for name, model in others():
        (HERE / f"{name}.onnx").write_bytes(trees_to_onnx.to_bytes(model))

    bundle = HERE / "stumps"
    bundle.mkdir(exist_ok=True)
    model = trees_to_onnx.to_bytes(trees_to_onnx.to_onnx(TREES, -1.0, 4, "stumps"))
    files = {"model.onnx": model, "golden.jsonl": "".join(golden(model)).encode()}
    manifest = {
        "formatVersion": 1, "name": "stumps", "version": 3,
        "featureSet": {"name": "tiny", "version": 2, "fingerprint": "sha256:0123"},
        "inputs": [{"name": n, "baseline": b} for n, b in zip(FEATURES, BASELINE)],
        "input": "features", "output": "score", "thresholds": {"review": 0.5, "decline": 0.9},
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "training": {"trees": 4}}
    files["model.json"] = (json.dumps(manifest, indent=2) + "\n").encode()
    for name, content in files.items():
        (bundle / name).write_bytes(content)


if __name__ == "__main__":
    main()
