"""Makes the models beside this file. Run it as /usr/bin/python3 make_fixtures.py (needs python3-onnx)."""

import hashlib
import itertools
import json
import pathlib
import sys

import numpy as np
from onnx import TensorProto, TypeProto, helper

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
    return with_outputs(nodes, [helper.make_tensor_value_info("score", output_type, output and list(output))], rows, width,
                        initializers)


def with_outputs(nodes, outputs, rows="N", width=4, initializers=()):
    graph = helper.make_graph(nodes, "fixture", [helper.make_tensor_value_info("features", TensorProto.FLOAT, [rows, width])],
                              outputs, list(initializers))
    return helper.make_model(graph, producer_name="scoring-fixtures", ir_version=8, opset_imports=[
        helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 1)])


def scalar(name, values, kind=TensorProto.INT64):
    return helper.make_tensor(name, kind, [len(values)], values)


BOUNDS = [scalar("from", [0]), scalar("to", [1]), scalar("axis", [1])]
# Takes one input of each row.
CUT = helper.make_node("Slice", ["features", "from", "to", "axis"], ["first"])


def present(value, result, default):
    """Puts a default in the place of a missing value."""
    return [helper.make_node("IsNaN", [value], [value + "_missing"]),
            helper.make_node("Where", [value + "_missing", default, value], [result])]


FIRST = [CUT, *present("first", "x", "zero")]
FIRST_INITIALIZERS = [*BOUNDS, scalar("zero", [0.0], TensorProto.FLOAT), scalar("one", [1.0], TensorProto.FLOAT)]
SIGMOID = helper.make_node("Sigmoid", ["x"], ["score"])


def shapes():
    """Models that are wrong in one way each, or right in an unusual one."""
    yield "flat", plain([*FIRST, helper.make_node("Sigmoid", ["x"], ["column"]),
                         helper.make_node("Squeeze", ["column", "axis"], ["score"])], output=("N",), initializers=FIRST_INITIALIZERS)
    yield "first", plain([*FIRST, SIGMOID], initializers=FIRST_INITIALIZERS)
    yield "three_inputs", plain([*FIRST, SIGMOID], width=3, initializers=FIRST_INITIALIZERS)
    yield "any_inputs", plain([*FIRST, SIGMOID], width="M", initializers=FIRST_INITIALIZERS)
    yield "one_row", plain([*FIRST, SIGMOID], rows=1, output=(1, 1), initializers=FIRST_INITIALIZERS)
    yield "three_dimensions", plain([*FIRST, helper.make_node("Sigmoid", ["x"], ["column"]), helper.make_node(
        "Unsqueeze", ["column", "axis"], ["score"])], output=("N", 1, 1), initializers=FIRST_INITIALIZERS)
    yield "double_output", plain([*FIRST, helper.make_node("Sigmoid", ["x"], ["single"]),
                                  helper.make_node("Cast", ["single"], ["score"], to=TensorProto.DOUBLE)],
                                 output_type=TensorProto.DOUBLE, initializers=FIRST_INITIALIZERS)
    yield "half_output", plain([*FIRST, helper.make_node("Sigmoid", ["x"], ["single"]),
                                helper.make_node("Cast", ["single"], ["score"], to=TensorProto.FLOAT16)],
                               output_type=TensorProto.FLOAT16, initializers=FIRST_INITIALIZERS)
    yield "batch_dependent", plain(
        [*FIRST, helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1),
         helper.make_node("Sub", ["x", "mean"], ["centred"]),
         helper.make_node("Sigmoid", ["centred"], ["score"])], initializers=FIRST_INITIALIZERS)
    absent = trees_to_onnx.to_onnx([stump(9, 1.0, 0.0, 1.0, 1)], 0.0, 4, "fixture")
    yield "feature_out_of_range", absent
    yield "external_weights", external_weights()


# The probability of fraud behind that of its absence, and the class, as scikit-learn's exporter names them.
CLASSIFIER = [*FIRST, helper.make_node("Sigmoid", ["x"], ["fraud"]), helper.make_node("Sub", ["one", "fraud"], ["honest"]),
              helper.make_node("Concat", ["honest", "fraud"], ["both"], axis=1),
              helper.make_node("ArgMax", ["both"], ["label"], axis=1, keepdims=0)]
LABEL = helper.make_tensor_value_info("label", TensorProto.INT64, ["N"])


def classifier(last, outputs):
    return with_outputs([*CLASSIFIER, last], outputs, initializers=FIRST_INITIALIZERS)


def zip_map(labels):
    maps = TypeProto()
    one = maps.sequence_type.elem_type.map_type
    one.key_type = TensorProto.STRING if "classlabels_strings" in labels else TensorProto.INT64
    one.value_type.tensor_type.elem_type = TensorProto.FLOAT
    return classifier(helper.make_node("ZipMap", ["both"], ["probabilities"], name="zipmap", domain="ai.onnx.ml", **labels),
                      [LABEL, helper.make_value_info("probabilities", maps)])


def classifiers():
    """Models whose score is one of several columns."""
    same = helper.make_node("Identity", ["both"], ["probabilities"])
    columns = lambda *shape: [LABEL, helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, list(shape))]
    yield "two_columns", classifier(same, columns("N", 2))
    yield "open_columns", classifier(same, columns("N", "M"))
    yield "open_shape", classifier(same, [LABEL, helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, None)])
    yield "double_columns", classifier(
        helper.make_node("Cast", ["both"], ["probabilities"], to=TensorProto.DOUBLE),
        [LABEL, helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, ["N", 2])])
    yield "zip_map", zip_map({"classlabels_int64s": [0, 1]})
    yield "zip_map_names", zip_map({"classlabels_strings": ["honest", "fraud"]})
    parts = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None))
    yield "sequence", classifier(helper.make_node("SplitToSequence", ["both"], ["probabilities"], axis=1),
                                 [LABEL, helper.make_value_info("probabilities", parts)])


def unsound():
    """Models that take missing values, and yet give some rows no score."""
    yield "missing_is_not_a_number", plain([CUT, helper.make_node("Sigmoid", ["first"], ["score"])], initializers=BOUNDS)
    # Of the first input by the last one: any number, infinity, and 0 by 0.
    last = helper.make_node("Slice", ["features", "last", "end", "axis"], ["last_input"])
    yield "quotient", plain(
        [*FIRST, last, *present("last_input", "y", "one"), helper.make_node("Div", ["x", "y"], ["score"])],
        initializers=[*FIRST_INITIALIZERS, scalar("last", [3]), scalar("end", [4])])
    # Fails on a first input that is none of the table's places.
    yield "lookup", plain(
        [*FIRST, helper.make_node("Cast", ["x"], ["place"], to=TensorProto.INT64),
         helper.make_node("Gather", ["table", "place"], ["score"], axis=0)],
        initializers=[*FIRST_INITIALIZERS, scalar("table", [0.125, 0.25, 0.5, 1.0], TensorProto.FLOAT)])


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
    for name, model in itertools.chain(shapes(), classifiers(), unsound()):
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
