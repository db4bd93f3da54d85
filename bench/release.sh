#!/usr/bin/env bash
# Takes packages through every check of a release against real parts: Triton, its client,
# ONNX Runtime, OpenSSF's model_signing, a registry and skopeo. Makes five packages, of drawn
# digits, MNIST, Fashion-MNIST, clips and an auto-encoder, and prints a table with a column for
# each. A cell is a figure or "FAILED"; then what was printed follows, and the exit code is 1.
#
#   bench/release.sh TRITONSERVER BACKENDS DATA [WORK]
#
# TRITONSERVER and BACKENDS are as in bench/triton_load.sh. DATA has mnist/ and drone-ir/, the
# folders of the tests' data. WORK keeps what is installed from PyPI, the runs, and in logs/ what
# each check printed; without it all goes to a temporary folder. ONLY names the packages that are
# tested, and CHECKS the checks. With REUSE=1 the runs in WORK are not made again.
#
# Wants a C compiler, Python 3.11 (python3 and python3.11, for ONNX Runtime 1.16), PyPI, and
#   apt-get install curl jq openssl ffmpeg docker-registry skopeo dataset-fashion-mnist
# It takes half an hour on two cores. SPEED_SECONDS [1.5] and SPEED_ROUNDS [5] are those of
# bench/serve.py. On a busy machine, speed is compared better when this has more of the processor
# than what else runs, by root:
#   CHECKS=speed REUSE=1 setsid -w bash -c 'echo -15 >/proc/$$/autogroup; exec bench/release.sh ...'
set -euo pipefail

[ $# -ge 3 ] || { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }
server=$(realpath "$1") backends=$(realpath "$2") data=$(realpath "$3")
out=$(mktemp -d)
work=$out
if [ $# -ge 4 ]; then mkdir -p "$4" && work=$(realpath "$4"); fi
reuse=${REUSE:-}
cd "$(dirname "$0")/.."
. bench/triton.sh

serving='' registry=''
finish() {
	for one in $serving $registry; do kill "$one" 2>/dev/null && wait "$one" 2>/dev/null || true; done
	triton_stop
	rm -rf "$out"
}
trap finish EXIT

# --- programs

# Credentials and settings of whoever starts this shall not matter.
mkdir "$out/docker" "$out/logs"
export DOCKER_CONFIG=$out/docker BLOCKTRAIN=$out/blocktrain
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$out/blocktrain" ./cmd/blocktrain
CGO_ENABLED=1 go build -trimpath -ldflags '-s -w' -tags ort -o "$out/blocktrain-ort" ./cmd/blocktrain
program() { "$out/blocktrain" "$@"; }

# installed NAME COMMAND...: what the command makes in WORK/NAME.new, once
installed() {
	[ -e "$work/$1" ] && return
	rm -rf "$work/$1.new"
	"${@:2}" "$work/$1.new" && mv "$work/$1.new" "$work/$1"
}
wheels() { python3 -m pip install -q --no-deps --target "${@: -1}" "${@:1:$#-1}"; }
# A virtual environment that is moved keeps its Python, and its scripts are started by that.
virtual() { local python=$1 dir=${*: -1}; shift; "$python" -m venv "$dir" && "$dir/bin/python" -m pip install -q "${@:1:$#-1}"; }
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
installed onnxruntime-1.24.3 wheels onnxruntime==1.24.3
installed onnxruntime-newest wheels onnxruntime
installed onnxruntime-1.16 virtual python3.11 onnxruntime==1.16.3 'numpy<2'
installed tritonclient virtual python3 'tritonclient[http]'
installed model-signing virtual python3 model-signing==1.1.1 pyOpenSSL==26.4.0
library() { echo "$work/onnxruntime-$1"/onnxruntime/capi/libonnxruntime.so.*; }

openssl genpkey -algorithm ed25519 -out "$out/release.pem"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$out/model.pem"
for key in release model; do openssl pkey -in "$out/$key.pem" -pubout -out "$out/$key.pub"; done
cat "$out/release.pub" "$out/model.pub" >"$out/trusted.pub"
openssl genpkey -algorithm ed25519 | openssl pkey -pubout -out "$out/foreign.pub"

# --- packages

declare -A flags=(
	[digits]="--exporters onnx,safetensors,triton:max-batch-size=64"
	[mnist]="--dataset mnist --data-dir $data --recipe fast --min-test-accuracy 0.99 --min-per-class-accuracy 0.97"
	[fashion]="--dataset fashion-mnist --dataset-options count=12000 --epochs 3 --min-test-accuracy 0.77 --min-per-class-accuracy 0.2"
	[clips]="--env-file examples/drone-ir/.env --data-dir $work/clips --epochs 2 --model-options width=8 --decision-folds 2 --min-test-accuracy 0.25 --min-per-class-accuracy 0"
	[autoencoder]="--dataset mnist --dataset-options count=12000 --data-dir $data --model autoencoder --epochs 5 --max-reconstruction-error 0.015"
)
read -ra packages <<<"${ONLY:-digits mnist fashion clips autoencoder}"

# Every sixth clip of each class, six of them, and two of four of the test part.
some_clips() {
	local class at part every count
	rm -rf "$work/clips"
	for class in airplane bird drone helicopter; do
		for at in train:6:6 test:4:2; do
			IFS=: read -r part every count <<<"$at"
			mkdir -p "$work/clips/$part/$class"
			find "$data/drone-ir/$part/$class" -name '*.mp4' | sort | awk "NR % $every == 1" | head -n "$count" | while read -r clip; do
				cp "$clip" "${clip%.mp4}.json" "$work/clips/$part/$class/"
			done
		done
	done
}

run_of() { echo "$work/runs/$1"; }
package_of() { local found; found=$(echo "$(run_of "$1")"/package/*-"${2:-0.1.0}.tar.gz"); echo "${found%.tar.gz}"; }

# made NAME: the package is made by the program with ONNX Runtime, as by a gate of CI.
made() {
	local dir figure
	dir=$(run_of "$1")
	if [ -z "$reuse" ]; then
		rm -rf "$dir"
		# shellcheck disable=SC2086 # flags are words
		"$out/blocktrain-ort" run -q ${flags[$1]} --onnxruntime-lib "$(library 1.24.3)" --output-dir "$dir"
		program package -q --run "$dir" --release-version 0.2.0
	fi
	figure=$(jq -r '.criteria[] | select(.name | test("accuracy|error")) | "\(.name) \(.measured * 10000 | round / 10000)"' "$dir/release.json" | head -1)
	echo "${figure/min_test_accuracy/accuracy}"
}

# --- checks: each prints a figure as its last line

strict() { program package check --strict "$(package_of "$1")"; }

loaded() { bench/triton_load.sh "$server" "$backends" "$(package_of "$1")"; echo ready; }

smoke() { program package smoke --json "$(package_of "$1")" "$2" | tee "$out/smoke.json"; printf '%.1e\n' "$(jq '[.outputs[].largest] | max' "$out/smoke.json")"; }
smoke_triton() { smoke "$1" "$triton_url"; }
smoke_serve() { smoke "$1" "$serve_url"; }

clients() { "$work/tritonclient/bin/python" bench/release.py clients "$(package_of "$1")" "$triton_url" "$serve_url"; }

requests() { python3 bench/release.py requests "$(package_of "$1")" "$serve_url" "$serving"; }

# agrees NAME VERSION: by the gate of the program with ONNX Runtime
agrees() {
	local lib
	lib=$(library "$2")
	"$out/blocktrain-ort" gate --json -q --run "$(run_of "$1")" --dry-run --onnxruntime-lib "$lib" >"$out/decision.json"
	jq '.criteria[] | select(.name == "onnx_agreement")' "$out/decision.json"
	jq -e --arg v "ONNX Runtime ${lib##*.so.}," '.criteria[] | select(.name == "onnx_agreement") | .passed and (.reason | contains($v))' "$out/decision.json"
	printf '%.1e\n' "$(jq '.criteria[] | select(.name == "onnx_agreement") | .measured' "$out/decision.json")"
}
agrees_124() { agrees "$1" 1.24.3; }
agrees_newest() { agrees "$1" newest; }
agrees_116() { "$work/onnxruntime-1.16/bin/python" bench/onnxruntime116.py "$(package_of "$1")" | tee "$out/116"; grep -oP 'difference \K[^;]*' "$out/116"; }

# exits CODE COMMAND...
exits() {
	local want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" -eq "$want" ] || { echo "exit code $got, want $want: $*" >&2; return 1; }
}

model_signing() { "$work/model-signing/bin/python" -m model_signing verify key "$1" --public_key "$out/model.pub" --signature "$2"; }

signed() {
	local p
	p=$(package_of "$1")
	sign() { program package sign "$p.tar.gz" --signing-key "$out/release.pem" --model-signing-key "$out/model.pem"; }
	sign
	cat "$p.intoto.jsonl" "$p.model.sig" >"$out/signatures"
	sign
	cat "$p.intoto.jsonl" "$p.model.sig" | cmp - "$out/signatures"
	program package verify "$p.tar.gz" --public-key "$out/trusted.pub"
	program package verify "$p" --public-key "$out/trusted.pub"
	exits 4 program package verify "$p.tar.gz" --public-key "$out/foreign.pub"
	model_signing "$p" "$p.model.sig"
	(cd "$(dirname "$p")" && sha256sum -c "$(basename "$p").tar.gz.sha256")
	echo "verified by both"
}

# Bytes of each file that is signed or signs are changed, one at a time.
tampered() {
	local p dir name n=0 file at
	p=$(package_of "$1") dir=$out/tampered
	name=$(basename "$p")
	for file in .tar.gz .intoto.jsonl .model.sig .tar.gz.sha256 .cdx.json; do
		for at in 0 0.37 1; do
			rm -rf "$dir" && mkdir "$dir"
			cp "$p".* "$dir"
			python3 bench/release.py flip "$dir/$name$file" "$at"
			exits 4 program package verify "$dir/$name.tar.gz" --public-key "$out/trusted.pub"
			n=$((n + 1))
		done
		exits 4 program publish "$dir/$name.tar.gz" --model-repository "$dir/repository"
	done
	while read -r file; do
		rm -rf "$dir" && mkdir "$dir"
		cp -r "$p" "$p".* "$dir"
		python3 bench/release.py flip "$dir/$name/$file" 0.5
		exits 4 program package verify "$dir/$name" --public-key "$out/trusted.pub"
		case $file in *.onnx | */labels.txt) exits 1 model_signing "$dir/$name" "$dir/$name.model.sig" ;; esac
		n=$((n + 1))
	done < <(cd "$p" && find . -type f | grep -E 'SUMS|onnx$|run.json|release.json|smoke.json|safetensors|pbtxt|labels.txt')
	rm -rf "$dir" && mkdir "$dir"
	cp -r "$p" "$p".* "$dir"
	python3 bench/release.py flip "$dir/$name.model.sig" 0.5
	exits 1 model_signing "$dir/$name" "$dir/$name.model.sig"
	echo "$n refused"
}

rebuilt() {
	local given=()
	case $1 in clips) given=(--data-dir "$work/clips") ;; esac
	program verify --json "$(package_of "$1").tar.gz" "${given[@]}" >"$out/verified.json"
	cat "$out/verified.json"
	jq -e '.verified' "$out/verified.json" >/dev/null
	echo "exit code 0"
}

image_of() { echo "127.0.0.1:$registry_port/acme/$1"; }

published() {
	local p repository
	p=$(package_of "$1") repository=$out/published/$1
	mkdir -p "$repository"
	program publish "$p.tar.gz" --model-repository "$repository" --public-key "$out/trusted.pub" --require-signature
	# A version folder has copies of configuration and labels besides, for --rollback.
	(cd "$p/model-repository" && find . -type f) | while read -r file; do cmp "$p/model-repository/$file" "$repository/$file"; done
	program package check --strict "$repository"
	for _ in 1 2; do program publish "$p.tar.gz" --image "$(image_of "$1"):0.1.0" --plain-http --public-key "$out/trusted.pub" --require-signature; done
	python3 bench/release.py registry "$(image_of "$1"):0.1.0" "$p"
	exits 3 program publish "$(package_of "$1" 0.2.0)" --image "$(image_of "$1"):0.1.0" --plain-http
	exits 4 program publish "$(package_of "$1" 0.2.0).tar.gz" --image "$(image_of "$1"):0.2.0" --plain-http --public-key "$out/trusted.pub" --require-signature
	python3 bench/release.py registry "$(image_of "$1"):0.1.0" "$p"
}

digest_of() { skopeo inspect --raw --tls-verify=false "docker://$1" | sha256sum; }

# The second version is published and killed at its first new file, at its second, and so on,
# until it is done before that.
killed() {
	local image second n code was tags times=0
	image=$(image_of "$1") second=$(package_of "$1" 0.2.0).tar.gz
	was=$(digest_of "$image:0.1.0")
	for n in 1 2 3 5 8 12 18 26 40 60 80 1000; do
		code=0
		python3 bench/release.py killed "$n" "$out/registry" "$out/blocktrain" publish -q "$second" --image "$image:0.2.0" --plain-http || code=$?
		[ "$(digest_of "$image:0.1.0")" = "$was" ]
		tags=$(skopeo list-tags --tls-verify=false "docker://$image" | jq -r '.Tags[]')
		if grep -qx 0.2.0 <<<"$tags"; then python3 bench/release.py registry "$image:0.2.0" "$(package_of "$1" 0.2.0)"; fi
		[ $code -ne 0 ] || break
		[ $code -eq 137 ]
		times=$((times + 1))
	done
	[ $code -eq 0 ]
	grep -qx 0.2.0 <<<"$tags"
	python3 bench/release.py registry "$image:0.1.0" "$(package_of "$1")"
	echo "$times times"
}

# The same in a model repository: it has the old versions, or the new one too, and loads.
killed_folder() {
	local folder model second n code times=0
	folder=$out/killed/$1 second=$(package_of "$1" 0.2.0).tar.gz
	mkdir -p "$folder/repository"
	program publish "$(package_of "$1").tar.gz" --model-repository "$folder/repository"
	model=$(ls "$folder/repository")
	for n in 1 2 3 4 5 6 8 12 20 1000; do
		code=0
		python3 bench/release.py killed "$n" "$folder" "$out/blocktrain" publish -q "$second" --model-repository "$folder/repository" || code=$?
		[ "$(ls -A "$folder/repository")" = "$model" ]
		cmp "$(package_of "$1")/model-repository/$model/1/model.onnx" "$folder/repository/$model/1/model.onnx"
		program package check --strict "$folder/repository"
		[ $code -ne 0 ] || break
		[ $code -eq 137 ]
		times=$((times + 1))
	done
	[ $code -eq 0 ]
	echo "$times times"
}

polled() { bench/triton_poll.sh "$server" "$backends" "$(package_of "$1").tar.gz" "$(package_of "$1" 0.2.0).tar.gz"; }

speed() { python3 bench/release.py speed "$(package_of "$1")" "$serve_url" "$serving" "$triton_url" "$triton_pid"; }

# --- the table

checks=(
	"made:made by run, its figure" "strict:package check --strict" "loaded:Triton loads it, strictly" "agrees_124:ONNX Runtime 1.24, gate"
	"agrees_newest:newest ONNX Runtime, gate" "agrees_116:ONNX Runtime 1.16, recorded answers" "signed:package sign, verify, model_signing"
	"tampered:a byte changed" "rebuilt:verify of the archive" "smoke_triton:package smoke, Triton" "smoke_serve:package smoke, serve"
	"clients:tritonclient, Triton and serve" "requests:20,000 requests of 50 clients" "speed:rates beside Triton"
	"published:publish, read by skopeo" "killed:publish killed, registry" "killed_folder:publish killed, folder" "polled:publish, Triton polling"
)
declare -A cells
failed=0

# cell CHECK NAME runs a check. Its function is no condition, so that set -e holds in it.
cell() {
	local log=$out/logs/$1-$2 code begin=$SECONDS
	set +e
	(
		set -e
		"$1" "$2"
	) >"$log" 2>"$log.errors"
	code=$?
	set -e
	cells[$1,$2]=$(tail -1 "$log")
	if [ $code -ne 0 ]; then
		cells[$1,$2]=FAILED failed=1
		{ echo "--- $1 $2, exit code $code"; tail -15 "$log"; tail -25 "$log.errors"; echo "---"; } >&2
	fi
	echo "$2: $1: ${cells[$1,$2]} ($((SECONDS - begin)) s)" >&2
	cat "$log.errors" >>"$log"
}

wanted() { [ -z "${CHECKS:-}" ] || [[ " $CHECKS " == *" $1 "* ]]; }

# serve_both NAME starts Triton and serve for a package.
serve_both() {
	rm -f "$out/address"
	triton_start "$(package_of "$1")/model-repository" "$out/logs/triton-$1" --exit-on-error=true
	triton_until 60 triton_ready || true
	"$out/blocktrain" serve -q "$(package_of "$1")" --listen 127.0.0.1:0 >"$out/address" 2>"$out/logs/serve-$1" &
	serving=$!
	for _ in {1..100}; do grep -qs http "$out/address" && break; sleep 0.1; done
	serve_url=$(grep -o 'http://[0-9.:]*' "$out/address")
}

start_registry() {
	registry_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	cat >"$out/registry.yml" <<-END
		version: 0.1
		log: {level: error, accesslog: {disabled: true}}
		storage: {filesystem: {rootdirectory: $out/registry}}
		http: {addr: 127.0.0.1:$registry_port}
	END
	docker-registry serve "$out/registry.yml" >"$out/logs/registry" 2>&1 &
	registry=$!
	for _ in {1..100}; do curl -s -o /dev/null "http://127.0.0.1:$registry_port/v2/" && break; sleep 0.1; done
}

some_clips
start_registry
for name in "${packages[@]}"; do
	cell made "$name"
	[ "${cells[made,$name]}" != FAILED ] || continue
	for check in strict loaded agrees_124 agrees_newest agrees_116 signed tampered rebuilt; do wanted $check && cell $check "$name"; done
	if wanted smoke_triton || wanted smoke_serve || wanted clients || wanted requests || wanted speed; then
		serve_both "$name"
		for check in smoke_triton smoke_serve clients requests speed; do wanted $check && cell $check "$name"; done
		kill "$serving" && wait "$serving" || { echo "serve ended with exit code $?" >&2; failed=1; }
		serving=
		triton_stop
	fi
	for check in published killed killed_folder polled; do wanted $check && cell $check "$name"; done
done

{
	echo "| | ${packages[*]} |" | sed "s/\([a-z]\) \([a-z]\)/\1 | \2/g"
	echo "|---|$(printf -- '---|%.0s' "${packages[@]}")"
	for check in "${checks[@]}"; do
		wanted "${check%%:*}" || [ "${check%%:*}" = made ] || continue
		printf '| %s |' "${check#*:}"
		for name in "${packages[@]}"; do printf ' %s |' "${cells[${check%%:*},$name]:-FAILED}"; done
		echo
	done
	echo
	for name in "${packages[@]}"; do
		[ -s "$out/logs/speed-$name" ] && { echo "Speed of $name:"; sed '$d' "$out/logs/speed-$name"; echo; }
	done
	.ci/footprint || failed=1
}
if [ "$work" != "$out" ]; then rm -rf "$work/logs" && cp -r "$out/logs" "$work/"; fi
exit $failed
