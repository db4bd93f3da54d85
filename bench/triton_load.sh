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
set -euo pipefail

[ $# -ge 3 ] || { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }
server=$(realpath "$1") backends=$(realpath "$2")
shift 2
packages=$(realpath "$@")
cd "$(dirname "$0")/.."

out=$(mktemp -d)
pid=
finish() {
	if [ -n "$pid" ]; then kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; fi
	rm -rf "$out"
}
trap finish EXIT

CGO_ENABLED=0 go build -o "$out/blocktrain" ./cmd/blocktrain
mkdir "$out/repository"
while read -r package; do
	"$out/blocktrain" package check --strict "$package"
	cp -r "$package"/model-repository/* "$out/repository/"
done <<<"$packages"

port=${PORT:-18000}
CUDA_VISIBLE_DEVICES='' "$server" --model-repository="$out/repository" --backend-directory="$backends" \
	--strict-readiness=true --disable-auto-complete-config --exit-on-error=true \
	--http-address=127.0.0.1 --http-port="$port" --allow-grpc=false --allow-metrics=false \
	>"$out/log" 2>&1 </dev/null &
pid=$!

answers() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/v2/$1")" = 200 ]; }
until answers health/ready; do
	if ! kill -0 "$pid" 2>/dev/null || [ $SECONDS -ge 120 ]; then
		echo "Triton did not become ready:" >&2
		grep -E '^E|^error' "$out/log" >&2 || tail -20 "$out/log" >&2
		exit 1
	fi
	sleep 0.2
done
for model in "$out"/repository/*/; do
	name=$(basename "$model")
	answers "models/$name/ready" || { echo "$name is not ready" >&2; exit 1; }
	echo "Triton serves $name: $(curl -s "http://127.0.0.1:$port/v2/models/$name")"
done
