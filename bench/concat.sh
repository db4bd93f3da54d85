#!/usr/bin/env bash
# Does a second training set help? Trains on A, on B and on A and B joined, and
# scores all three on the official test part of B. A is drawn digits; B is the
# first N training images of MNIST.
#
#   bench/concat.sh MNIST-FOLDER [N...]
set -euo pipefail
cd "$(dirname "$0")/.."

data=$1
shift
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
CGO_ENABLED=0 go build -o "$out/blocktrain" ./cmd/blocktrain

# train NAME FLAGS... trains a run and prints its accuracy on MNIST's test part.
train() {
	local run=$out/$1
	shift
	"$out/blocktrain" train -q --data-dir "$data" --epochs 6 --output-dir "$run" "$@" >/dev/null
	"$out/blocktrain" evaluate -q --run "$run" --dataset mnist --data-dir "$data" |
		sed -n 's/^  "accuracy": \([0-9.]*\),/\1/p'
}

echo "| MNIST images | A: digits | B: mnist | A and B |"
echo "|---|---|---|---|"
a=$(train a --dataset digits)
for n in "${@:-1000}"; do
	b=$(train "b$n" --dataset mnist --dataset-options "count=$n")
	ab=$(train "ab$n" --dataset digits,mnist --dataset-options "mnist:count=$n")
	echo "| $n | $a | $b | $ab |"
done
