"""How well a fraud model ranks, and from which scores to act."""

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

CARDS_PER_DAY = 100
CARD_PRECISION = (
    "For each day of the test period the cards are ranked by their highest score of that day, without the "
    "cards whose fraud was known by then: reported (a fraudulent transaction's label is known after the "
    "label delay) or found (among the first 100 of an earlier test day, with fraud that day). The precision "
    "of a day is the number of cards with fraud that day among the first 100, divided by 100; the figure is "
    "the mean over the days. The ceiling is what a perfect ranking would reach.")


def ranking(frame):
    """The area under the ROC curve and the average precision of a frame with label and score."""
    return {"auc": roc_auc_score(frame["label"], frame["score"]),
            "averagePrecision": average_precision_score(frame["label"], frame["score"])}


def card_precision(history, test, label_delay_days):
    """Card precision@100 (see CARD_PRECISION), after the Fraud Detection Handbook, chapter 4."""
    fraud_days = history.loc[history["label"] == 1].groupby("cardId")["day"].min()
    reported_from = fraud_days + label_delay_days
    found, precisions, ceilings = set(), [], []
    for day, rows in test.groupby("day"):
        cards = rows.groupby("cardId").agg(score=("score", "max"), label=("label", "max"))
        known = set(reported_from.index[reported_from <= day]) | found
        cards = cards[~cards.index.isin(known)]
        # By score, and by card where scores are equal, so that the figure is the same on every run.
        first = cards.reset_index().sort_values(["score", "cardId"], ascending=[False, True]).head(CARDS_PER_DAY)
        hits = first.loc[first["label"] == 1, "cardId"]
        found |= set(hits)
        precisions.append(len(hits) / CARDS_PER_DAY)
        ceilings.append(min(CARDS_PER_DAY, int(cards["label"].sum())) / CARDS_PER_DAY)
    return float(np.mean(precisions)), float(np.mean(ceilings))


def decline_threshold(labels, scores, precision):
    """The lowest score from which on at least that share of transactions is fraud."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    good = np.flatnonzero(hits >= precision * np.arange(1, len(order) + 1))
    # A cut within equal scores would not hold: all of them are on one side.
    good = [i for i in good if i + 1 == len(order) or scores[order[i + 1]] < scores[order[i]]]
    if not good:
        raise SystemExit(f"no score has a precision of {precision} on the validation period: the model is too weak to decline")
    return scores[order[good[-1]]]


def review_threshold(scores, share):
    """The score from which on that share of transactions is."""
    return np.sort(scores)[::-1][max(0, int(len(scores) * share) - 1)]


def actions(frame, review, decline):
    """Which share is reviewed and declined, how much of each is fraud, and the share of fraud that either catches."""
    declined = frame["score"] >= decline
    reviewed = (frame["score"] >= review) & ~declined
    fraud = frame["label"] == 1
    return {
        "declined": declined.mean(), "declinedPrecision": fraud[declined].mean(), "declinedRecall": (declined & fraud).sum() / fraud.sum(),
        "reviewed": reviewed.mean(), "reviewedPrecision": fraud[reviewed].mean(), "reviewedRecall": (reviewed & fraud).sum() / fraud.sum(),
    }
