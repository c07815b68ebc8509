"""Makes the simulation's model of one split a feature. Run it as /usr/bin/python3 make_model.py (needs python3-onnx)."""

import json
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "training"))
import trees_to_onnx  # noqa: E402

WIDTH = 12
SPLITS = [60.0, 3.0, 100.0, 40.0, 0.2, 2.0, 3.0, 600.0, 2.0, 150.0, 1.5, 0.5]


def stump(feature):
    return {"left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [feature, 0, 0],
            "split_conditions": [SPLITS[feature], -0.5 - feature / 16, 0.5 + feature / 16], "default_left": [feature % 2, 0, 0]}


model = trees_to_onnx.to_bytes(trees_to_onnx.to_onnx([stump(i) for i in range(WIDTH)], 0.0, WIDTH, "simulation"))
(HERE / "model.onnx").write_bytes(model)
rows = (np.random.default_rng(1).uniform(0, 2, (16, WIDTH)) * SPLITS).astype(np.float32)
rows[0] = np.nan
with open(HERE / "golden.jsonl", "w", encoding="utf-8") as lines:
    for row, score in zip(rows, trees_to_onnx.evaluate(model, rows)):
        lines.write(json.dumps({"inputs": [None if np.isnan(v) else float(v) for v in row], "score": float(score)}) + "\n")
