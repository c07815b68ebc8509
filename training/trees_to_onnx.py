"""Writes gradient-boosted trees as an ONNX model, and evaluates such a model in float32.

The evaluator reads the ONNX file and nothing else, so it is a check of the file and not of the trees
that the file was made from.
"""

import json
import math

import numpy as np
import onnx
from onnx import TensorProto, helper

INPUT = "features"
OUTPUT = "score"


def booster_trees(booster):
    """The trees of an XGBoost booster and the margin that they start from.

    XGBoost keeps split values and leaves as float32 and prints them so that they read back as the same
    float32 (a trainer that keeps float64 would need its splits rounded down, or rows would go the other
    way). A row goes left where value < split, and where the value is missing as the node says.
    """
    learner = json.loads(booster.save_raw("json"))["learner"]
    base = float(learner["learner_model_param"]["base_score"])
    return learner["gradient_booster"]["model"]["trees"], math.log(base / (1.0 - base))


def tree_nodes(trees):
    """The attributes of a TreeEnsembleRegressor with one target, one entry a node."""
    names = ["treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids",
             "missing_value_tracks_true"]
    nodes = {f"nodes_{name}": [] for name in names}
    leaves = {"target_treeids": [], "target_nodeids": [], "target_ids": [], "target_weights": []}
    for tree_id, tree in enumerate(trees):
        for node_id, left in enumerate(tree["left_children"]):
            is_leaf = left < 0
            value = tree["split_conditions"][node_id]
            row = (tree_id, node_id, 0, "LEAF", 0.0, 0, 0, 0) if is_leaf else (
                tree_id, node_id, tree["split_indices"][node_id], "BRANCH_LT",
                float(np.float32(value)), left, tree["right_children"][node_id],
                int(tree["default_left"][node_id]))
            for name, entry in zip(names, row):
                nodes[f"nodes_{name}"].append(entry)
            if is_leaf:
                leaf = (tree_id, node_id, 0, float(np.float32(value)))
                for name, entry in zip(leaves, leaf):
                    leaves[name].append(entry)
    return {**nodes, **leaves}


def to_onnx(trees, base_margin, feature_count, name):
    """An ONNX model from float [N, features] to float [N, 1], a probability."""
    ensemble = helper.make_node(
        "TreeEnsembleRegressor", [INPUT], ["margin"], name="trees", domain="ai.onnx.ml", n_targets=1,
        aggregate_function="SUM", post_transform="NONE", base_values=[float(np.float32(base_margin))],
        **tree_nodes(trees))
    # ONNX Runtime ignores post_transform LOGISTIC where there is one target, hence a node of its own.
    sigmoid = helper.make_node("Sigmoid", ["margin"], [OUTPUT], name="sigmoid")
    graph = helper.make_graph(
        [ensemble, sigmoid], name,
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", feature_count])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", 1])])
    model = helper.make_model(
        graph, producer_name="scoring-training", ir_version=8,
        opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 1)])
    onnx.checker.check_model(model)
    return model


def to_bytes(model):
    """The model's bytes, the same for the same model."""
    return model.SerializeToString(deterministic=True)


def evaluate(model_bytes, rows):
    """The scores of float32 rows (NaN is missing) by the nodes of a model that to_onnx wrote."""
    ensemble, sigmoid = onnx.load_model_from_string(model_bytes).graph.node
    assert sigmoid.op_type == "Sigmoid"
    attributes = {a.name: helper.get_attribute_value(a) for a in ensemble.attribute}
    index = {key: i for i, key in enumerate(zip(attributes["nodes_treeids"], attributes["nodes_nodeids"]))}
    weights = {key: np.float32(weight) for key, weight in zip(
        zip(attributes["target_treeids"], attributes["target_nodeids"]), attributes["target_weights"])}
    scores = np.empty(len(rows), dtype=np.float32)
    for i, row in enumerate(rows):
        margin = np.float32(0)
        for tree_id in sorted(set(attributes["nodes_treeids"])):
            margin += weights[_leaf(attributes, index, tree_id, row)]
        margin += np.float32(attributes["base_values"][0])
        scores[i] = np.float32(1) / (np.float32(1) + np.exp(-margin))
    return scores


def _leaf(attributes, index, tree_id, row):
    node_id = 0
    while True:
        i = index[(tree_id, node_id)]
        mode = attributes["nodes_modes"][i]
        if mode == b"LEAF":
            return (tree_id, node_id)
        assert mode == b"BRANCH_LT"
        value = row[attributes["nodes_featureids"][i]]
        if np.isnan(value):
            goes_true = attributes["nodes_missing_value_tracks_true"][i] == 1
        else:
            goes_true = value < np.float32(attributes["nodes_values"][i])
        node_id = attributes["nodes_truenodeids" if goes_true else "nodes_falsenodeids"][i]
