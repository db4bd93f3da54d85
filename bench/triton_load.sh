#!/usr/bin/env bash
# Does a real Triton load packages, and does 'package check' say so? Checks each
# package strictly, puts their models into one repository, and starts tritonserver on
# loopback in its strictest form: no completed configuration, ready only with every
# model, an end at the first that does not load. A model's warm-up is run before it is
# ready, so that each has answered by then.
#
#   bench/triton_load.sh TRITONSERVER BACKENDS PACKAGE...
#
# TRITONSERVER is the program, BACKENDS the folder of its backends, PACKAGE an unpacked
# package. In NVIDIA's image: /opt/tritonserver/bin/tritonserver /opt/tritonserver/backends
# BLOCKTRAIN names the program; without it, one is built.
set -euo pipefail

[ $# -ge 3 ] || { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }
server=$(realpath "$1") backends=$(realpath "$2")
shift 2
packages=$(realpath "$@")
program=${BLOCKTRAIN:+$(realpath "$BLOCKTRAIN")}
cd "$(dirname "$0")/.."
. bench/triton.sh

out=$(mktemp -d)
trap 'triton_stop; rm -rf "$out"' EXIT

if [ -z "$program" ]; then
	program=$out/blocktrain
	CGO_ENABLED=0 go build -o "$program" ./cmd/blocktrain
fi
mkdir "$out/repository"
while read -r package; do
	"$program" package check --strict "$package"
	cp -r "$package"/model-repository/* "$out/repository/"
	# of a model of clips, the network that decides on tracks
	for network in "$package"/networks/*/model-repository; do
		[ -e "$network" ] || continue
		"$program" package check --strict "$network"
		cp -r "$network"/* "$out/repository/"
	done
done <<<"$packages"

triton_start "$out/repository" "$out/log" --exit-on-error=true
triton_until 120 triton_ready
for model in "$out"/repository/*/; do
	name=$(basename "$model")
	curl -sf -o /dev/null "$triton_url/v2/models/$name/ready" || { echo "$name is not ready" >&2; exit 1; }
	echo "Triton serves $name: $(curl -s "$triton_url/v2/models/$name")"
done
