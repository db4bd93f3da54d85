#!/usr/bin/env bash
# Does a real Triton that polls its repository serve all the while that versions of a
# model are published? Publishes FIRST, starts tritonserver on loopback, then publishes
# SECOND and rolls it back. The model must be ready whenever it is asked, with the labels
# in its configuration, and each version must be loaded within 20 seconds.
#
#   bench/triton_poll.sh TRITONSERVER BACKENDS FIRST SECOND
#
# TRITONSERVER is the program, BACKENDS the folder of its backends, FIRST and SECOND two
# packages of one model. In NVIDIA's image: /opt/tritonserver/bin/tritonserver
# /opt/tritonserver/backends
set -euo pipefail

[ $# -eq 4 ] || { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }
server=$(realpath "$1") backends=$(realpath "$2") first=$(realpath "$3") second=$(realpath "$4")
cd "$(dirname "$0")/.."

out=$(mktemp -d)
pid='' watcher=''
finish() {
	for one in $watcher $pid; do kill "$one" 2>/dev/null && wait "$one" 2>/dev/null || true; done
	rm -rf "$out"
}
trap finish EXIT

CGO_ENABLED=0 go build -o "$out/blocktrain" ./cmd/blocktrain
mkdir "$out/repository"
publish() { "$out/blocktrain" publish --log-level error --model-repository "$out/repository" "$@" | tail -1; }
publish "$first"
model=$(ls "$out/repository")

port=${PORT:-18000}
CUDA_VISIBLE_DEVICES='' "$server" --model-repository="$out/repository" --backend-directory="$backends" \
	--model-control-mode=poll --repository-poll-secs=1 --strict-readiness=true --disable-auto-complete-config \
	--http-address=127.0.0.1 --http-port="$port" --allow-grpc=false --allow-metrics=false \
	>"$out/log" 2>&1 </dev/null &
pid=$!

ask() { curl -sf "http://127.0.0.1:$port/v2/models/$model$1"; }
waits_for() { # until version $1 is served
	local end=$((SECONDS + 20))
	until ask "/versions/$1/ready"; do
		if ! kill -0 "$pid" 2>/dev/null || [ $SECONDS -ge $end ]; then
			echo "Triton does not serve version $1:" >&2
			tail -20 "$out/log" >&2
			exit 1
		fi
		sleep 0.2
	done
	echo "Triton serves version $1"
}
waits_for 1

while true; do
	if ! ask /ready || ! ask /config | grep -q '"label_filename":"labels.txt"'; then echo "$(date +%T) not ready, or without labels" >>"$out/missing"; fi
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
