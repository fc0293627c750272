#!/bin/sh
# What `cargo xtask gpu --pack` made, on a machine with an NVIDIA GPU and without a compiler:
#   sh run all                tests, sanitize and bench, each even where one before it failed; then what came out
#   sh run tests [NAME...]    the tests of the whole matrix, or those whose names hold a word
#   sh run sanitize [NAME...] some tests, or those whose names hold a word, under compute-sanitizer
#   sh run bench [NUMBER...]  the table of neurons and sizes, beside a copy of as many bytes; without numbers,
#                             which leave out the other neurons, launches of few neurons and SpikingJelly's
#                             too, and both side by side
#   sh run peers [OPTION...]  SpikingJelly's neurons alone; `--help` has the options
#   sh run snnc ARGUMENTS     the program, `sh run snnc bench lif.snn --device cuda:0` for one
#
# Times and logs go to the folder `results` in $OUT, or else in the folder it is started from: Markdown for
# docs/benchmarks.md in benchmarks.md, and the times as JSON lines in ours.jsonl and peers.jsonl.
# $COMPUTE_SANITIZER and $PYTHON name other programs than those in PATH.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
from=$(cd "${OUT:-.}" && pwd)
results=$from/results
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$here/." "$work"
# Python reads it where xz is missing, as it is in many containers.
if command -v xz >/dev/null; then
    tar -C "$work" -xJf "$work/packed.tar.xz"
else
    "${PYTHON:-python3}" -m tarfile -e "$work/packed.tar.xz" "$work"
fi
rm "$work/packed.tar.xz"

# The kernel cache trusts only what nobody else may write, and whatever carried the files here may have
# changed whose they are and who may do what.
chown -R "$(id -u)" "$work"
chmod -R u=rwX,go= "$work"
chmod u+x "$work/tests" "$work/snnc" "$work/gpu-bench"
export SNNC_CACHE="$work/cache" SNN_CORPUS="$work/corpus" SNNC_REQUIRE_CUDA=1
cd "$work"

# What is left out is said, and its exit code is not that of a failure.
skipped=3
skip() {
    echo "skipped: $1" >&2
    return $skipped
}

# The kernels written by hand. Without nvcc they are left out.
by_hand() {
    if command -v nvcc >/dev/null && nvcc -ptx -O3 -arch=sm_75 lif.cu -o lif.ptx; then
        export SNNC_REFERENCE_PTX="$work/lif.ptx"
    else
        skip "the kernels written by hand, since there is no nvcc" || true
    fi
}

# Each test in a process of its own, as many side by side as there are processors: as threads of one process
# they took more than twice as long.
run_tests() {
    by_hand
    [ $# -gt 0 ] || set -- parity reference
    # Goldens are for where the sources are.
    ./tests "$@" --skip goldens --list | sed -n 's/: test$//p' >names
    mkdir -p logs
    code=0
    # shellcheck disable=SC2016 # Each process expands it.
    SNN_DEVICES=cpu,cuda:0 SNN_SOAK=1 xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 1 sh -c '
        start=$(date +%s)
        word=ok
        ./tests --exact "$1" >"logs/$1" 2>&1 || word=FAILED
        echo "$word $1, $(($(date +%s) - start)) s"
        [ $word = ok ] || { cat "logs/$1" && exit 1; }' _ <names || code=$?
    echo "$(wc -l <names) tests"
    [ -s names ] && [ $code = 0 ]
}

# Sets `tool`, to nothing where there is none.
find_sanitizer() {
    tool=${COMPUTE_SANITIZER:-$(command -v compute-sanitizer || true)}
    if [ -z "$tool" ] && [ -d sanitizer ]; then
        chmod u+x sanitizer/*
        tool=$work/sanitizer/compute-sanitizer
    fi
}

# Small launches of every kind: forward and backward, sums by layer, channel and neuron, packed spikes, 16
# bits, inputs that are repeated, params by index, no input.
few="parity::plif_at_small_sizes parity::groups parity::packed parity::corpus::stored::lif
    parity::corpus::stored::plif parity::broadcast parity::indexed parity::alone"

run_sanitize() {
    find_sanitizer
    if [ -z "$tool" ]; then
        skip "compute-sanitizer: put it into PATH, set COMPUTE_SANITIZER to it, or pack with --sanitizer"
        return
    fi
    # shellcheck disable=SC2086 # The names are words.
    [ $# -gt 0 ] || set -- $few
    echo "$tool"
    bad=0
    for check in memcheck racecheck initcheck; do
        echo "-- $check"
        { sanitized "$check" "$@"; } 2>&1 | tee "$check.log"
        # One that does not fit the driver may end well, and have started nothing.
        if [ "$(cat code)" != 0 ] || ! grep -q '^test result: ok. [1-9]' "$check.log" ||
            ! grep -q 'SUMMARY: 0 ' "$check.log"; then
            echo "$check failed" >&2
            bad=1
        fi
    done
    return $bad
}

# One thread: the tests would only wait for each other, and a report would not say whose it is.
sanitized() {
    check=$1
    shift
    code=0
    SNN_DEVICES=cuda:0 "$tool" --tool "$check" --error-exitcode 1 \
        ./tests "$@" --skip goldens --test-threads 1 || code=$?
    echo $code >code
}

run_table() {
    mkdir -p "$results"
    rm -f "$results/ours.jsonl"
    code=0
    ./gpu-bench table --json "$results/ours.jsonl" "$@" >"$results/benchmarks.md" || code=$?
    cat "$results/benchmarks.md"
    return $code
}

# Shows a table, and puts it behind those that are there.
add_table() {
    cat "$1"
    { echo && cat "$1"; } >>"$results/benchmarks.md"
}

run_latency() {
    mkdir -p "$results"
    code=0
    ./gpu-bench latency >latency.md || code=$?
    add_table latency.md
    return $code
}

run_peers() {
    mkdir -p "$results"
    rm -f "$results/peers.jsonl"
    python=${PYTHON:-python3}
    if [ ! -d wheels ]; then
        skip "SpikingJelly, which this folder does not hold: pack with --peers"
        return
    elif ! command -v "$python" >/dev/null; then
        skip "SpikingJelly, since there is no $python"
        return
    fi
    "$python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps \
        --find-links wheels --target "$work/python" spikingjelly loguru || return 1
    code=0
    PYTHONPATH="$work/python${PYTHONPATH:+:$PYTHONPATH}" \
        "$python" time_spikingjelly.py "$@" >"$results/peers.jsonl" || code=$?
    cat "$results/peers.jsonl"
    [ $code != $skipped ] || rm "$results/peers.jsonl"
    return $code
}

run_beside() {
    if [ ! -s "$results/ours.jsonl" ] || [ ! -s "$results/peers.jsonl" ]; then
        skip "the table beside SpikingJelly, for which both have to be timed"
        return
    fi
    code=0
    ./gpu-bench beside "$results/ours.jsonl" "$results/peers.jsonl" >beside.md || code=$?
    add_table beside.md
    return $code
}

# A pipe gives the exit code of its end, so it goes through a file.
tried() {
    part_code=0
    "run_$1" || part_code=$?
    echo $part_code >part_code
}

# Runs parts in turn, goes on after a failure, and says at the end what came of each.
parts() {
    mkdir -p "$results"
    failed=0
    : >summary
    for part in "$@"; do
        echo "== $part"
        { tried "$part"; } 2>&1 | tee "$results/$part.log"
        case $(cat part_code) in
        0) word=ok ;;
        "$skipped") word=skipped ;;
        *) word=FAILED && failed=1 ;;
        esac
        echo "$part: $word" >>summary
        sed -n 's/^skipped: /    skipped: /p' "$results/$part.log" >>summary
    done
    echo "== in short; results are in $results"
    cat summary
    return $failed
}

command=${1:-tests}
[ $# -eq 0 ] || shift
case "$command" in
tests) run_tests "$@" ;;
sanitize) run_sanitize "$@" ;;
bench) if [ $# -gt 0 ]; then run_table "$@"; else parts table latency peers beside; fi ;;
peers) run_peers "$@" ;;
all) parts tests sanitize table latency peers beside ;;
snnc) by_hand && ./snnc "$@" ;;
*)
    sed -n 's/^#   //p' run >&2
    exit 2
    ;;
esac
