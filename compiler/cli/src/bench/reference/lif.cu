// LIF by hand: what compiled kernels are measured against on NVIDIA GPUs.
//
// Hard reset, decayed input, sigmoid surrogate, tau fixed: the default Lif of the standard library. A
// thread takes four lanes through all steps with their potentials in registers; where rows allow it,
// it reads and writes them as float4. Backward computes potentials again from one in CHUNK steps, so
// that a forward and a backward pass together move 20 bytes an element and step.
//
// The entries are called as docs/abi.md says; cuda.rs beside this file is their manifest.
//
//   nvcc -ptx -O3 -arch=sm_75 compiler/cli/src/bench/reference/lif.cu -o lif.ptx

constexpr int CHUNK = 8;
constexpr int THREADS = 128;
constexpr int LANES = 4;
constexpr int BLOCK = THREADS * LANES;
constexpr float ALPHA = 4.0f;

struct Lif {
    float tau, v_th, v_reset;
};

// Which lanes a thread has: four side by side, or four that are THREADS apart, not all of which need be
// there.
template <bool WIDE>
struct Place {
    long long first;
    long long lanes;

    __device__ explicit Place(long long n)
        : first((long long)blockIdx.x * BLOCK + (WIDE ? threadIdx.x * LANES : threadIdx.x)), lanes(n) {}

    __device__ bool empty() const { return first >= lanes; }

    __device__ void load(const float* row, float (&to)[LANES]) const {
        if constexpr (WIDE) {
            const float4 four = __ldcs(reinterpret_cast<const float4*>(row + first));
            to[0] = four.x, to[1] = four.y, to[2] = four.z, to[3] = four.w;
        } else {
#pragma unroll
            for (int i = 0; i < LANES; ++i) {
                const long long lane = first + i * THREADS;
                to[i] = lane < lanes ? row[lane] : 0.0f;
            }
        }
    }

    __device__ void store(float* row, const float (&from)[LANES]) const {
        if constexpr (WIDE) {
            const float4 four = make_float4(from[0], from[1], from[2], from[3]);
            __stcs(reinterpret_cast<float4*>(row + first), four);
        } else {
#pragma unroll
            for (int i = 0; i < LANES; ++i) {
                const long long lane = first + i * THREADS;
                if (lane < lanes) row[lane] = from[i];
            }
        }
    }
};

__device__ bool wide(long long n, long long stride_a, long long stride_b, const void* a, const void* b,
                     const void* c, const void* d, const void* e) {
    const unsigned long long bits = (unsigned long long)a | (unsigned long long)b |
                                    (unsigned long long)c | (unsigned long long)d |
                                    (unsigned long long)e;
    return ((n | stride_a | stride_b) & 3) == 0 && (bits & 15) == 0;
}

// The charged potential. Without a product there is nothing to contract: the bits are those of strict
// kernels.
__device__ float charge(const Lif& lif, float v, float x) {
    return v + (x - (v - lif.v_reset)) / lif.tau;
}

template <bool WIDE>
__device__ void initial(const Place<WIDE>& place, const float* v_in, const Lif& lif, float (&v)[LANES]) {
    if (v_in) return place.load(v_in, v);
#pragma unroll
    for (int i = 0; i < LANES; ++i) v[i] = lif.v_reset;
}

template <bool WIDE>
__device__ void forward(const float* x, const float* v_in, const Lif& lif, float* s, float* v_out,
                        float* saved, long long steps, long long lanes, long long stride_x,
                        long long stride_s) {
    const Place<WIDE> place(lanes);
    if (place.empty()) return;
    float v[LANES];
    initial(place, v_in, lif, v);
    for (long long start = 0; start < steps; start += CHUNK) {
        if (saved && start) place.store(saved + (start / CHUNK - 1) * lanes, v);
        float rows[CHUNK][LANES];
#pragma unroll
        for (int k = 0; k < CHUNK; ++k)
            if (start + k < steps) place.load(x + (start + k) * stride_x, rows[k]);
#pragma unroll
        for (int k = 0; k < CHUNK; ++k) {
            if (start + k >= steps) break;
            float spikes[LANES];
#pragma unroll
            for (int i = 0; i < LANES; ++i) {
                const float h = charge(lif, v[i], rows[k][i]);
                const bool fired = h - lif.v_th >= 0.0f;
                spikes[i] = fired ? 1.0f : 0.0f;
                v[i] = fired ? lif.v_reset : h;
            }
            place.store(s + (start + k) * stride_s, spikes);
        }
    }
    place.store(v_out, v);
}

template <bool WIDE>
__device__ void backward(const float* x, const float* v_in, const Lif& lif, const float* saved,
                         const float* grad_s, const float* grad_last, float* grad_x, float* grad_v,
                         long long steps, long long lanes, long long stride_x, long long stride_gs,
                         long long stride_gx) {
    const Place<WIDE> place(lanes);
    if (place.empty()) return;
    float g[LANES] = {};
    if (grad_last) place.load(grad_last, g);
    for (long long start = (steps - 1) / CHUNK * CHUNK; start >= 0 && steps > 0; start -= CHUNK) {
        float v[LANES], h[CHUNK][LANES];
        if (start) place.load(saved + (start / CHUNK - 1) * lanes, v);
        else initial(place, v_in, lif, v);
#pragma unroll
        for (int k = 0; k < CHUNK; ++k)
            if (start + k < steps) place.load(x + (start + k) * stride_x, h[k]);
#pragma unroll
        for (int k = 0; k < CHUNK; ++k) {
            if (start + k >= steps) break;
#pragma unroll
            for (int i = 0; i < LANES; ++i) {
                h[k][i] = charge(lif, v[i], h[k][i]);
                v[i] = h[k][i] - lif.v_th >= 0.0f ? lif.v_reset : h[k][i];
            }
        }
#pragma unroll
        for (int k = CHUNK - 1; k >= 0; --k) {
            if (start + k >= steps) continue;
            float gs[LANES], gx[LANES];
            place.load(grad_s + (start + k) * stride_gs, gs);
#pragma unroll
            for (int i = 0; i < LANES; ++i) {
                const float u = h[k][i] - lif.v_th;
                // The derivative of sigmoid is even, and this side of it does not overflow.
                const float e = __expf(-ALPHA * fabsf(u));
                const float slope = __fdividef(ALPHA * e, (1.0f + e) * (1.0f + e));
                const float of_spike = gs[i] - g[i] * (h[k][i] - lif.v_reset);
                const float of_charged = (u >= 0.0f ? 0.0f : g[i]) + of_spike * slope;
                gx[i] = of_charged / lif.tau;
                g[i] = of_charged - gx[i];
            }
            place.store(grad_x + (start + k) * stride_gx, gx);
        }
    }
    place.store(grad_v, g);
}

extern "C" __global__ void __launch_bounds__(THREADS)
lif_forward(const float* x, const float* v_in, const float* tau, const float* v_th, const float* v_reset,
            float* s, float* v_out, long long steps, long long lanes, long long, long long, long long,
            long long stride_x, long long stride_s, long long) {
    const Lif lif = {*tau, *v_th, *v_reset};
    if (wide(lanes, stride_x, stride_s, x, v_in, s, v_out, nullptr))
        forward<true>(x, v_in, lif, s, v_out, nullptr, steps, lanes, stride_x, stride_s);
    else
        forward<false>(x, v_in, lif, s, v_out, nullptr, steps, lanes, stride_x, stride_s);
}

extern "C" __global__ void __launch_bounds__(THREADS)
lif_forward_train(const float* x, const float* v_in, const float* tau, const float* v_th,
                  const float* v_reset, float* s, float* v_out, float* saved, long long steps,
                  long long lanes, long long, long long, long long, long long stride_x,
                  long long stride_s, long long) {
    const Lif lif = {*tau, *v_th, *v_reset};
    if (wide(lanes, stride_x, stride_s, x, v_in, s, v_out, saved))
        forward<true>(x, v_in, lif, s, v_out, saved, steps, lanes, stride_x, stride_s);
    else
        forward<false>(x, v_in, lif, s, v_out, saved, steps, lanes, stride_x, stride_s);
}

extern "C" __global__ void __launch_bounds__(THREADS)
lif_backward(const float* x, const float* v_in, const float* tau, const float* v_th,
             const float* v_reset, const float* saved, const float* grad_s, const float* grad_last,
             float* grad_x, float* grad_v, long long steps, long long lanes, long long, long long,
             long long, long long stride_x, long long stride_gs, long long stride_gx, long long) {
    const Lif lif = {*tau, *v_th, *v_reset};
    if (wide(lanes, stride_x, stride_gs | stride_gx, x, v_in, saved, grad_s, grad_x) &&
        wide(lanes, 0, 0, grad_last, grad_v, nullptr, nullptr, nullptr))
        backward<true>(x, v_in, lif, saved, grad_s, grad_last, grad_x, grad_v, steps, lanes, stride_x,
                       stride_gs, stride_gx);
    else
        backward<false>(x, v_in, lif, saved, grad_s, grad_last, grad_x, grad_v, steps, lanes, stride_x,
                        stride_gs, stride_gx);
}
