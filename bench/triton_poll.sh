#!/usr/bin/env bash
# Does a real Triton that polls its repository serve all the while that versions of a
# model are published? Publishes FIRST, starts tritonserver on loopback, then publishes
# SECOND and rolls it back. The model must be ready whenever it is asked, with the labels
# in its configuration if the package has labels, and each version must be loaded within
# 20 seconds.
#
#   bench/triton_poll.sh TRITONSERVER BACKENDS FIRST SECOND
#
# TRITONSERVER is the program, BACKENDS the folder of its backends, FIRST and SECOND two
# packages of one model, unpacked or not. In NVIDIA's image:
# /opt/tritonserver/bin/tritonserver /opt/tritonserver/backends
# BLOCKTRAIN names the program; without it, one is built.
set -euo pipefail

[ $# -eq 4 ] || { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }
server=$(realpath "$1") backends=$(realpath "$2") first=$(realpath "$3") second=$(realpath "$4")
program=${BLOCKTRAIN:+$(realpath "$BLOCKTRAIN")}
cd "$(dirname "$0")/.."
. bench/triton.sh

out=$(mktemp -d)
watcher=''
finish() {
	if [ -n "$watcher" ]; then kill "$watcher" 2>/dev/null && wait "$watcher" 2>/dev/null || true; fi
	triton_stop
	rm -rf "$out"
}
trap finish EXIT

if [ -z "$program" ]; then
	program=$out/blocktrain
	CGO_ENABLED=0 go build -o "$program" ./cmd/blocktrain
fi
mkdir "$out/repository"
publish() { "$program" publish --log-level error --model-repository "$out/repository" "$@" | tail -1; }
publish "$first"
model=$(ls "$out/repository")
wanted='"name"'
if [ -e "$out/repository/$model/labels.txt" ]; then wanted='"label_filename":"labels.txt"'; fi

triton_start "$out/repository" "$out/log" --model-control-mode=poll --repository-poll-secs=1
ask() { curl -sf "$triton_url/v2/models/$model$1"; }
waits_for() { # until version $1 is served
	triton_until 20 ask "/versions/$1/ready"
	echo "Triton serves version $1"
}
waits_for 1

while true; do
	if ! ask /ready || ! ask /config | grep -q "$wanted"; then echo "$(date +%T) not ready, or without labels" >>"$out/missing"; fi
	echo >>"$out/asked"
	sleep 0.02
done &
watcher=$!
publish "$second"
waits_for 2
publish --rollback "$model"
waits_for 3
sleep 3 # until the versions before are unloaded
if [ -e "$out/missing" ]; then
	cat "$out/missing" >&2
	exit 1
fi
echo "ready, and with labels, each of $(wc -l <"$out/asked") times"
