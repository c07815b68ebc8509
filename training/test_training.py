"""Run as /usr/bin/python3 -m unittest discover training."""

import unittest

import numpy as np
import pandas as pd
import xgboost

import measures
import trees_to_onnx


def payments(rows):
    return pd.DataFrame(rows, columns=["day", "cardId", "label", "score"])


class CardPrecision(unittest.TestCase):
    def test_counts_cards_and_not_transactions(self):
        test = payments([(9, "a", 1, 0.9), (9, "a", 1, 0.8), (9, "b", 0, 0.7)])
        self.assertEqual(measures.card_precision(test, test, 7), (0.01, 0.01))

    def test_a_card_that_was_found_is_left_out_on_later_days(self):
        test = payments([(9, "a", 1, 0.9), (10, "a", 1, 0.9)])
        self.assertEqual(measures.card_precision(test, test, 7), (0.005, 0.005))

    def test_a_card_whose_fraud_was_reported_is_left_out_once_the_label_is_known(self):
        history = payments([(3, "a", 1, 0.0), (4, "b", 1, 0.0)])
        test = payments([(10, "a", 1, 0.9), (10, "b", 1, 0.9)])
        self.assertEqual(measures.card_precision(history, test, 7), (0.01, 0.01))

    def test_a_fraud_below_the_first_100_cards_is_missed_but_within_the_ceiling(self):
        test = payments([(9, f"c{i:03}", 0, 0.5) for i in range(100)] + [(9, "z", 1, 0.4)])
        self.assertEqual(measures.card_precision(test, test, 7), (0.0, 0.01))


class Thresholds(unittest.TestCase):
    def test_decline_is_the_lowest_score_with_the_precision(self):
        labels, scores = np.array([1, 1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.6, 0.5])
        self.assertEqual(measures.decline_threshold(labels, scores, 0.75), 0.6)
        self.assertEqual(measures.decline_threshold(labels, scores, 0.8), 0.8)

    def test_equal_scores_are_on_one_side_of_it(self):
        labels, scores = np.array([1, 1, 0, 0]), np.array([0.9, 0.8, 0.8, 0.1])
        self.assertEqual(measures.decline_threshold(labels, scores, 0.9), 0.9)

    def test_review_is_reached_by_the_share(self):
        scores = np.arange(1000) / 1000
        self.assertEqual((scores >= measures.review_threshold(scores, 0.01)).mean(), 0.01)


class Export(unittest.TestCase):
    def test_the_model_scores_rows_as_its_trees_do(self):
        random = np.random.default_rng(5)
        rows = random.normal(size=(4_000, 6)).astype(np.float32)
        rows[random.random(rows.shape) < 0.2] = np.nan
        labels = np.nan_to_num(rows).sum(axis=1) > 1
        matrix = xgboost.DMatrix(rows, label=labels)
        booster = xgboost.train({"objective": "binary:logistic", "base_score": 0.2, "max_depth": 4, "seed": 1, "nthread": 1}, matrix, 20)
        trees, margin = trees_to_onnx.booster_trees(booster)
        model = trees_to_onnx.to_bytes(trees_to_onnx.to_onnx(trees, margin, 6, "test"))

        # Values that stand exactly on a split must go the way that the trees send them.
        for tree in trees:
            for node, left in enumerate(tree["left_children"]):
                if left >= 0:
                    rows[node, tree["split_indices"][node]] = np.float32(tree["split_conditions"][node])
        rows[-1] = np.nan
        expected = booster.predict(xgboost.DMatrix(rows))
        self.assertLessEqual(np.abs(trees_to_onnx.evaluate(model, rows) - expected).max(), 1e-6)
        self.assertGreater(np.ptp(expected), 0.5)


if __name__ == "__main__":
    unittest.main()
