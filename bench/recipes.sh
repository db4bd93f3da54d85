#!/usr/bin/env bash
# How fast and how well does a recipe learn MNIST? Does whole runs, from the start
# of the process to the release package, with one seed after the other, and prints
# of each the time it took and the accuracy on the test part, which nothing but the
# last stage of a run has looked at. Each begins from nothing: data, split, training.
#
#   bench/recipes.sh MNIST-FOLDER [RECIPE] [SEEDS]
set -euo pipefail
cd "$(dirname "$0")/.."

data=$1 recipe=${2:-fast} seeds=${3:-10}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
CGO_ENABLED=0 go build -o "$out/blocktrain" ./cmd/blocktrain

# accuracy PART prints the accuracy of the last run on a part.
accuracy() { sed -n 's/^  "accuracy": \([0-9.]*\),/\1/p' "$out/run/evaluation/$1.json"; }

TIMEFORMAT="%R %U"
echo "| seed | seconds | of processor time | validation | test |"
echo "|---|---|---|---|---|"
for seed in $(seq "$seeds"); do
	rm -rf "$out/run"
	times=$({ time "$out/blocktrain" run -q --recipe "$recipe" --dataset mnist --data-dir "$data" \
		--seed "$seed" --output-dir "$out/run" >/dev/null; } 2>&1)
	echo "| $seed | ${times/ / | } | $(accuracy validation) | $(accuracy test) |"
done
