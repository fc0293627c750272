#!/bin/sh
# What `cargo xtask gpu --pack` made, on a machine with an NVIDIA GPU and without a compiler:
#   sh run tests [NAME...]    the tests of the whole matrix, or those whose names hold a word
#   sh run bench              the table of neurons and sizes, beside a copy of as many bytes
#   sh run snnc ARGUMENTS     the program, `sh run snnc bench lif.snn --device cuda:0` for one
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$here/." "$work"
tar -C "$work" -xzf "$work/cache.tar.gz"

# The kernel cache trusts only what nobody else may write, and whatever carried the files here may have
# changed whose they are and who may do what.
chown -R "$(id -u)" "$work"
chmod -R u=rwX,go= "$work"
chmod u+x "$work/tests" "$work/snnc" "$work/gpu-bench"
export SNNC_CACHE="$work/cache" SNN_CORPUS="$work/corpus" SNNC_REQUIRE_CUDA=1 SNN_DEVICES=cpu,cuda:0 SNN_SOAK=1

# The kernels written by hand. Without nvcc they are left out.
if command -v nvcc >/dev/null && nvcc -ptx -O3 -arch=sm_75 "$work/lif.cu" -o "$work/lif.ptx"; then
    export SNNC_REFERENCE_PTX="$work/lif.ptx"
else
    echo "skipped: the kernels written by hand, since there is no nvcc" >&2
fi

cd "$work"
command=${1:-tests}
[ $# -eq 0 ] || shift
case "$command" in
tests)
    [ $# -gt 0 ] || set -- parity reference
    # Goldens are for where the sources are.
    ./tests "$@" --skip goldens
    ;;
bench) ./gpu-bench table "$@" ;;
snnc) ./snnc "$@" ;;
*)
    sed -n 's/^#   //p' run >&2
    exit 2
    ;;
esac
