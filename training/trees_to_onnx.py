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
    margins = np.zeros(len(rows), dtype=np.float32)
    for tree in _node_tables(attributes):
        margins += tree["weight"][_leaves(tree, rows)]
    margins += np.float32(attributes["base_values"][0])
    return np.float32(1) / (np.float32(1) + np.exp(-margins))


def _node_tables(attributes):
    tree_ids = np.array(attributes["nodes_treeids"])
    assert set(attributes["nodes_modes"]) <= {b"BRANCH_LT", b"LEAF"}
    columns = {
        "is_leaf": np.array([mode == b"LEAF" for mode in attributes["nodes_modes"]]),
        "feature": np.array(attributes["nodes_featureids"]),
        "split": np.array(attributes["nodes_values"], dtype=np.float32),
        "below": np.array(attributes["nodes_truenodeids"]),
        "above": np.array(attributes["nodes_falsenodeids"]),
        "missing_is_below": np.array(attributes["nodes_missing_value_tracks_true"]) == 1,
    }
    for tree_id in np.unique(tree_ids):
        chosen = tree_ids == tree_id
        assert np.array_equal(np.array(attributes["nodes_nodeids"])[chosen], np.arange(chosen.sum()))
        tree = {name: column[chosen] for name, column in columns.items()}
        tree["weight"] = np.zeros(chosen.sum(), dtype=np.float32)
        of_tree = np.array(attributes["target_treeids"]) == tree_id
        tree["weight"][np.array(attributes["target_nodeids"])[of_tree]] = np.array(attributes["target_weights"])[of_tree]
        yield tree


def _leaves(tree, rows):
    nodes = np.zeros(len(rows), dtype=np.int64)
    while not tree["is_leaf"][nodes].all():
        values = rows[np.arange(len(rows)), tree["feature"][nodes]]
        goes_below = np.where(np.isnan(values), tree["missing_is_below"][nodes], values < tree["split"][nodes])
        following = np.where(goes_below, tree["below"][nodes], tree["above"][nodes])
        nodes = np.where(tree["is_leaf"][nodes], nodes, following)
    return nodes
