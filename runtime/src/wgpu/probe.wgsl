struct probe_launch {
    T: u32,
    N: u32,
    C: u32,
    S: u32,
    M: u32,
    given: u32,
    first_lane: u32,
    zero: u32,
    offset_x: u32,
    offset_y: u32,
    offset_n: u32,
    offset_quotient: u32,
    offset_root: u32,
    offset_large_constant: u32,
    offset_cancelled: u32,
    offset_sum_of_constants: u32,
    offset_product_of_constants: u32,
    offset_factored: u32,
    offset_contracted: u32,
    offset_subnormal: u32,
    offset_minimum: u32,
    offset_maximum: u32,
    offset_selected: u32,
    offset_compared: u32,
    offset_sign: u32,
    offset_rounded: u32,
    offset_truncated: u32,
    offset_converted: u32,
    offset_bits: u32,
}

struct reduce_launch {
    G: u32,
    S: u32,
    O: u32,
    zero: u32,
}

@group(0) @binding(1) 
var<storage> probe_packed_in: array<u32>;
@group(0) @binding(2) 
var<storage, read_write> probe_packed_out: array<u32>;
@group(0) @binding(0) 
var<uniform> probe_scalars: probe_launch;
@group(0) @binding(1) 
var<storage> reduce_partial: array<f32>;
@group(0) @binding(2) 
var<storage, read_write> reduce_grad: array<f32>;
@group(0) @binding(0) 
var<uniform> reduce_scalars: reduce_launch;

@compute @workgroup_size(64, 1, 1) 
fn probe(@builtin(workgroup_id) workgroup_: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let group = ((workgroup_.y * workgroups.x) + workgroup_.x);
    let T = probe_scalars.T;
    let N = probe_scalars.N;
    let zero = probe_scalars.zero;
    let offset_x = probe_scalars.offset_x;
    let offset_y = probe_scalars.offset_y;
    let offset_n = probe_scalars.offset_n;
    let offset_quotient = probe_scalars.offset_quotient;
    let offset_root = probe_scalars.offset_root;
    let offset_large_constant = probe_scalars.offset_large_constant;
    let offset_cancelled = probe_scalars.offset_cancelled;
    let offset_sum_of_constants = probe_scalars.offset_sum_of_constants;
    let offset_product_of_constants = probe_scalars.offset_product_of_constants;
    let offset_factored = probe_scalars.offset_factored;
    let offset_contracted = probe_scalars.offset_contracted;
    let offset_subnormal = probe_scalars.offset_subnormal;
    let offset_minimum = probe_scalars.offset_minimum;
    let offset_maximum = probe_scalars.offset_maximum;
    let offset_selected = probe_scalars.offset_selected;
    let offset_compared = probe_scalars.offset_compared;
    let offset_sign = probe_scalars.offset_sign;
    let offset_rounded = probe_scalars.offset_rounded;
    let offset_truncated = probe_scalars.offset_truncated;
    let offset_converted = probe_scalars.offset_converted;
    let offset_bits = probe_scalars.offset_bits;
    let n = ((group * 64u) + thread);
    let inside = (n < N);
    if inside {
        let _e64 = probe_packed_in[(n + offset_x)];
        let v0_ = bitcast<f32>(_e64);
        let _e69 = probe_packed_in[(n + offset_y)];
        let v1_ = bitcast<f32>(_e69);
        let _e74 = probe_packed_in[(n + offset_n)];
        let v2_ = bitcast<i32>(_e74);
        let v3_ = bitcast<f32>((bitcast<u32>((v0_ / v1_)) ^ zero));
        probe_packed_out[(n + offset_quotient)] = bitcast<u32>(v3_);
        let v4_ = bitcast<f32>((bitcast<u32>(sqrt(v0_)) ^ zero));
        probe_packed_out[(n + offset_root)] = bitcast<u32>(v4_);
        let v5_ = bitcast<f32>((1262485504u ^ zero));
        let v6_ = bitcast<f32>((bitcast<u32>((v0_ + v5_)) ^ zero));
        let v7_ = bitcast<f32>((bitcast<u32>((v6_ - v5_)) ^ zero));
        probe_packed_out[(n + offset_large_constant)] = bitcast<u32>(v7_);
        let v8_ = bitcast<f32>((bitcast<u32>((v0_ + v1_)) ^ zero));
        let v9_ = bitcast<f32>((bitcast<u32>((v8_ - v0_)) ^ zero));
        probe_packed_out[(n + offset_cancelled)] = bitcast<u32>(v9_);
        let v10_ = bitcast<f32>((1036831949u ^ zero));
        let v11_ = bitcast<f32>((1060320051u ^ zero));
        let v12_ = bitcast<f32>((bitcast<u32>((v0_ + v10_)) ^ zero));
        let v13_ = bitcast<f32>((bitcast<u32>((v12_ + v11_)) ^ zero));
        probe_packed_out[(n + offset_sum_of_constants)] = bitcast<u32>(v13_);
        let v14_ = bitcast<f32>((1050253722u ^ zero));
        let v15_ = bitcast<f32>((bitcast<u32>((v1_ * v14_)) ^ zero));
        let v16_ = bitcast<f32>((bitcast<u32>((v15_ * v11_)) ^ zero));
        probe_packed_out[(n + offset_product_of_constants)] = bitcast<u32>(v16_);
        let v17_ = bitcast<f32>((bitcast<u32>((v0_ * v1_)) ^ zero));
        let v18_ = bitcast<f32>((bitcast<u32>((v0_ * v14_)) ^ zero));
        let v19_ = bitcast<f32>((bitcast<u32>((v17_ + v18_)) ^ zero));
        probe_packed_out[(n + offset_factored)] = bitcast<u32>(v19_);
        let v20_ = bitcast<f32>((bitcast<u32>((v17_ + v1_)) ^ zero));
        probe_packed_out[(n + offset_contracted)] = bitcast<u32>(v20_);
        let v21_ = bitcast<f32>((71362u ^ zero));
        let v22_ = bitcast<f32>((bitcast<u32>((v0_ * v21_)) ^ zero));
        let v23_ = bitcast<f32>((bitcast<u32>((v22_ + v21_)) ^ zero));
        probe_packed_out[(n + offset_subnormal)] = bitcast<u32>(v23_);
        let v24_ = bitcast<f32>((bitcast<u32>(select(v1_, v0_, ((select(0u, 1u, (v0_ <= v1_)) ^ zero) != 0u))) ^ zero));
        probe_packed_out[(n + offset_minimum)] = bitcast<u32>(v24_);
        let v25_ = bitcast<f32>((bitcast<u32>(select(v1_, v0_, ((select(0u, 1u, (v0_ >= v1_)) ^ zero) != 0u))) ^ zero));
        probe_packed_out[(n + offset_maximum)] = bitcast<u32>(v25_);
        let v26_ = ((select(0u, 1u, (v0_ < v1_)) ^ zero) != 0u);
        let v27_ = !(v26_);
        let v28_ = bitcast<f32>((bitcast<u32>(select(v1_, v0_, v27_)) ^ zero));
        let v29_ = bitcast<f32>((1065353216u ^ zero));
        let v30_ = bitcast<f32>((0u ^ zero));
        let v31_ = ((select(0u, 1u, (v0_ >= v30_)) ^ zero) != 0u);
        let v32_ = bitcast<f32>((bitcast<u32>(select(v30_, v29_, v31_)) ^ zero));
        let v33_ = bitcast<f32>((bitcast<u32>((v32_ * v1_)) ^ zero));
        let v34_ = bitcast<f32>((bitcast<u32>((v28_ + v33_)) ^ zero));
        probe_packed_out[(n + offset_selected)] = bitcast<u32>(v34_);
        let v35_ = ((select(0u, 1u, (v0_ <= v1_)) ^ zero) != 0u);
        let v36_ = ((select(0u, 1u, (v0_ > v1_)) ^ zero) != 0u);
        let v37_ = ((select(0u, 1u, (v0_ == v1_)) ^ zero) != 0u);
        let v38_ = !(((select(0u, 1u, (v0_ == v1_)) ^ zero) != 0u));
        let v46_ = select(0i, 1i, v26_);
        let v47_ = select(0i, 2i, v35_);
        let v48_ = select(0i, 4i, v36_);
        let v49_ = select(0i, 8i, v31_);
        let v50_ = select(0i, 16i, v37_);
        let v51_ = select(0i, 32i, v38_);
        let v52_ = (v46_ | v47_);
        let v53_ = (v48_ | v49_);
        let v54_ = (v50_ | v51_);
        let v55_ = (v52_ | v53_);
        let v56_ = (v54_ | v55_);
        probe_packed_out[(n + offset_compared)] = bitcast<u32>(v56_);
        let v57_ = bitcast<f32>(((bitcast<u32>(v0_) & 2147483647u) ^ zero));
        let v58_ = bitcast<f32>(((bitcast<u32>(v1_) ^ 2147483648u) ^ zero));
        let v59_ = bitcast<f32>((bitcast<u32>((v57_ + v58_)) ^ zero));
        let v60_ = bitcast<f32>(((bitcast<u32>(v59_) ^ 2147483648u) ^ zero));
        probe_packed_out[(n + offset_sign)] = bitcast<u32>(v60_);
        let v61_ = bitcast<f32>((bitcast<u32>(floor(v0_)) ^ zero));
        let v62_ = bitcast<f32>((bitcast<u32>(ceil(v1_)) ^ zero));
        let v63_ = bitcast<f32>((bitcast<u32>(round(v0_)) ^ zero));
        let v64_ = bitcast<f32>((bitcast<u32>((v61_ + v62_)) ^ zero));
        let v65_ = bitcast<f32>((bitcast<u32>((v63_ * v64_)) ^ zero));
        probe_packed_out[(n + offset_rounded)] = bitcast<u32>(v65_);
        let _e360 = bitcast<u32>(v0_);
        let _e362 = (_e360 & 2147483647u);
        let _e364 = (_e362 >= 1325400064u);
        let v66_ = select(select(i32(select(v0_, bitcast<f32>((0u ^ zero)), _e364)), select(2147483647i, i32(-2147483648), (_e360 >= 2147483648u)), _e364), 0i, (_e362 > 2139095040u));
        probe_packed_out[(n + offset_truncated)] = bitcast<u32>(v66_);
        let v67_ = bitcast<f32>((bitcast<u32>(f32(v2_)) ^ zero));
        probe_packed_out[(n + offset_converted)] = bitcast<u32>(v67_);
        let v68_ = bitcast<f32>((bitcast<u32>(bitcast<f32>(v2_)) ^ zero));
        let v69_ = bitcast<f32>((bitcast<u32>((v68_ + v0_)) ^ zero));
        probe_packed_out[(n + offset_bits)] = bitcast<u32>(v69_);
    }
}

@compute @workgroup_size(64, 1, 1) 
fn reduce(@builtin(workgroup_id) workgroup_1: vec3<u32>, @builtin(num_workgroups) workgroups_1: vec3<u32>, @builtin(local_invocation_index) thread_1: u32) {
    var sum: f32;
    var error: f32;
    var o: u32;
    var s: u32;

    let group_1 = ((workgroup_1.y * workgroups_1.x) + workgroup_1.x);
    let G = reduce_scalars.G;
    let S = reduce_scalars.S;
    let O = reduce_scalars.O;
    let zero_1 = reduce_scalars.zero;
    let g = ((group_1 * 64u) + thread_1);
    if (g < G) {
        o = 0u;
        loop {
            let _e25 = o;
            if (_e25 >= O) {
                break;
            }
            s = 0u;
            loop {
                let _e33 = s;
                if (_e33 >= S) {
                    break;
                }
                let _e37 = reduce_partial[((((_e25 * G) + g) * S) + _e33)];
                let _e39 = sum;
                let _e41 = error;
                let _e45 = bitcast<f32>((bitcast<u32>((_e37 - _e41)) ^ zero_1));
                let _e49 = bitcast<f32>((bitcast<u32>((_e39 + _e45)) ^ zero_1));
                error = bitcast<f32>((bitcast<u32>((bitcast<f32>((bitcast<u32>((_e49 - _e39)) ^ zero_1)) - _e45)) ^ zero_1));
                sum = _e49;
                continuing {
                    let _e61 = s;
                    s = (_e61 + 1u);
                }
            }
            continuing {
                let _e66 = o;
                o = (_e66 + 1u);
            }
        }
        let _e73 = sum;
        reduce_grad[g] = _e73;
    }
}
