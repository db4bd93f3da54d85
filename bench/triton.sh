# Starts and stops a real Triton, for scripts of this folder, which source this one.
#
#   triton_start REPOSITORY LOG ARG...   starts $server with $backends on a free port of
#                                        loopback: its address is then $triton_url
#   triton_until SECONDS COMMAND...      waits until the command succeeds; fails, and shows the
#                                        log, if Triton ends before or so much time passes
#   triton_ready                         whether it is ready
#   triton_stop                          ends it

triton_pid='' triton_log='' triton_url=''

triton_start() {
	local repository=$1 port
	triton_log=$2
	shift 2
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	triton_url=http://127.0.0.1:$port
	CUDA_VISIBLE_DEVICES='' "$server" --model-repository="$repository" --backend-directory="$backends" \
		--http-address=127.0.0.1 --http-port="$port" --allow-grpc=false --allow-metrics=false \
		--strict-readiness=true --disable-auto-complete-config "$@" >"$triton_log" 2>&1 </dev/null &
	triton_pid=$!
}

triton_ready() { curl -sf -o /dev/null "$triton_url/v2/health/ready"; }

triton_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		if ! kill -0 "$triton_pid" 2>/dev/null || [ $SECONDS -ge $end ]; then
			echo "Triton did not come so far that this succeeds: $*" >&2
			grep -E '^E|^error' "$triton_log" >&2 || tail -20 "$triton_log" >&2
			return 1
		fi
		sleep 0.2
	done
}

triton_stop() {
	if [ -n "$triton_pid" ]; then kill "$triton_pid" 2>/dev/null && wait "$triton_pid" 2>/dev/null || true; fi
	triton_pid=
}
