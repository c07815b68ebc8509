#!/bin/sh
# Regenerates models/fraud/1 from nothing but this checkout: simulated payments, the features that the
# service computes of them, the trees. Run it as `./dev train`. The same checkout gives the same bytes.
set -eu
cd "$(dirname "$0")/.."

seed=1
customers=5000
days=90
bundle=${1:-models/fraud/1}
scoring=${SCORING:-./dev scoring}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

$scoring produce --dataset "$work/payments.csv" --days $days --customers $customers --seed $seed
$scoring replay --features features/fraud.yaml --input "$work/payments.csv" --map features/simulator.map.yaml \
    --output "$work/features.csv"
$scoring model contract features/fraud.yaml > "$work/contract.json"
# Debian's Python by its path: the one that has the packages.
/usr/bin/python3 training/train.py --features "$work/features.csv" --dataset "$work/payments.csv" \
    --contract "$work/contract.json" --output "$bundle" \
    --source "scoring produce --dataset payments.csv --days $days --customers $customers --seed $seed"
$scoring model check "$bundle" --features features/fraud.yaml
