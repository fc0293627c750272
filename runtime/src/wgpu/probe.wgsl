struct Parts {
    exponent: i32,
    significand: u32,
}

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

override quotients_by: u32 = 0u;
override roots_by: u32 = 0u;

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
var<workgroup> reduce_sums: array<f32, 256>;

fn is_plain(a: f32, b: f32) -> bool {
    let above = (bitcast<u32>(a) & 2147483647u);
    let below = (bitcast<u32>(b) & 2147483647u);
    let is_between = ((above - 570425344u) < 998244352u);
    let divides = ((below - 570425344u) < 998244352u);
    let is_whole = ((below & 8388607u) != 8388607u);
    return (((is_between | (above == 0u)) & divides) & is_whole);
}

fn by_products(a_1: f32, b_1: f32) -> f32 {
    let near = (1f / b_1);
    let inverse = fma(fma(-(b_1), near, 1f), near, near);
    let first = (a_1 * inverse);
    let second = fma(fma(-(b_1), first, a_1), inverse, first);
    let third = fma(fma(-(b_1), second, a_1), inverse, second);
    return select(third, first, (a_1 == 0f));
}

fn parts(bits: u32) -> Parts {
    if (bits >= 8388608u) {
        return Parts(i32((bits >> 23u)), ((bits & 8388607u) | 8388608u));
    }
    let by = (countLeadingZeros(bits) - 8u);
    return Parts((1i - i32(by)), (bits << by));
}

fn by_whole_numbers(a_2: f32, b_2: f32) -> f32 {
    let sign_ = ((bitcast<u32>(a_2) ^ bitcast<u32>(b_2)) & 2147483648u);
    let above_1 = (bitcast<u32>(a_2) & 2147483647u);
    let below_1 = (bitcast<u32>(b_2) & 2147483647u);
    let is_nan = ((above_1 > 2139095040u) | (below_1 > 2139095040u));
    if (is_nan | ((above_1 == below_1) & ((above_1 == 0u) | (above_1 == 2139095040u)))) {
        return bitcast<f32>((sign_ | 2143289344u));
    }
    if ((above_1 == 2139095040u) | (below_1 == 0u)) {
        return bitcast<f32>((sign_ | 2139095040u));
    }
    if ((above_1 == 0u) | (below_1 == 2139095040u)) {
        return bitcast<f32>(sign_);
    }
    let _e38 = parts(above_1);
    let _e39 = parts(below_1);
    let is_less = u32((_e38.significand < _e39.significand));
    let significand = (_e38.significand << is_less);
    let inverse_1 = (1f / f32(_e39.significand));
    let guess = u32(((f32(significand) * inverse_1) * 8388608f));
    let rest = bitcast<i32>(((significand << 23u) - (guess * _e39.significand)));
    let more = i32(round((f32(rest) * inverse_1)));
    let divisor = bitcast<i32>(_e39.significand);
    let left = (rest - (more * divisor));
    let up = (i32(((2i * left) > divisor)) - i32(((2i * left) < -(divisor))));
    let nearest = (guess + bitcast<u32>((more + up)));
    let exponent = (((_e38.exponent - _e39.exponent) + 127i) - i32(is_less));
    if (exponent >= 255i) {
        return bitcast<f32>((sign_ | 2139095040u));
    }
    if (exponent >= 1i) {
        return bitcast<f32>((sign_ | ((u32((exponent - 1i)) << 23u) + nearest)));
    }
    if (exponent < -24i) {
        return bitcast<f32>(sign_);
    }
    let remains = (left - (up * divisor));
    let floor_ = (nearest - u32((remains < 0i)));
    let by_1 = u32((1i - exponent));
    let kept = (floor_ >> by_1);
    let cut = (floor_ - (kept << by_1));
    let half = (1u << (by_1 - 1u));
    let is_odd = ((kept & 1u) != 0u);
    let rounds_up = ((cut > half) | ((cut == half) & ((remains != 0i) | is_odd)));
    return bitcast<f32>((sign_ | (kept + u32(rounds_up))));
}

fn quotient(a_3: f32, b_3: f32) -> f32 {
    if (quotients_by == 0u) {
        return (a_3 / b_3);
    }
    if (quotients_by == 1u) {
        let _e9 = is_plain(a_3, b_3);
        if _e9 {
            let _e10 = by_products(a_3, b_3);
            return _e10;
        }
    }
    let _e11 = by_whole_numbers(a_3, b_3);
    return _e11;
}

fn quotients(a_4: vec4<f32>, b_4: vec4<f32>) -> vec4<f32> {
    if (quotients_by == 0u) {
        return (a_4 / b_4);
    }
    if (quotients_by == 1u) {
        let _e11 = is_plain(a_4.x, b_4.x);
        let _e14 = is_plain(a_4.y, b_4.y);
        let _e18 = is_plain(a_4.z, b_4.z);
        let _e22 = is_plain(a_4.w, b_4.w);
        if (((_e11 & _e14) & _e18) & _e22) {
            let _e26 = by_products(a_4.x, b_4.x);
            let _e29 = by_products(a_4.y, b_4.y);
            let _e32 = by_products(a_4.z, b_4.z);
            let _e35 = by_products(a_4.w, b_4.w);
            return vec4<f32>(_e26, _e29, _e32, _e35);
        }
    }
    let _e39 = by_whole_numbers(a_4.x, b_4.x);
    let _e42 = by_whole_numbers(a_4.y, b_4.y);
    let _e45 = by_whole_numbers(a_4.z, b_4.z);
    let _e48 = by_whole_numbers(a_4.w, b_4.w);
    return vec4<f32>(_e39, _e42, _e45, _e48);
}

fn root(a_5: f32) -> f32 {
    if (roots_by == 0u) {
        return sqrt(a_5);
    }
    let bits_1 = bitcast<u32>(a_5);
    if (((bits_1 & 2147483647u) == 0u) | (bits_1 == 2139095040u)) {
        return a_5;
    }
    if (bits_1 > 2139095040u) {
        return bitcast<f32>((bits_1 | 2143289344u));
    }
    let _e17 = parts(bits_1);
    let exponent_1 = (_e17.exponent - 127i);
    let is_odd_1 = u32((exponent_1 & 1i));
    let significand_1 = (_e17.significand << is_odd_1);
    let guess_1 = u32(sqrt((f32(significand_1) * 8388608f)));
    let rest_1 = bitcast<i32>(((significand_1 << 23u) - (guess_1 * guess_1)));
    let more_1 = i32(round((f32(rest_1) / f32((2u * guess_1)))));
    let near_1 = (guess_1 + bitcast<u32>(more_1));
    let left_1 = bitcast<i32>(((significand_1 << 23u) - (near_1 * near_1)));
    let up_1 = (i32((left_1 > bitcast<i32>(near_1))) - i32((left_1 <= -(bitcast<i32>(near_1)))));
    let nearest_1 = (near_1 + bitcast<u32>(up_1));
    return bitcast<f32>(((u32(((exponent_1 >> 1u) + 126i)) << 23u) + nearest_1));
}

fn roots(a_6: vec4<f32>) -> vec4<f32> {
    if (roots_by == 0u) {
        return sqrt(a_6);
    }
    let _e6 = root(a_6.x);
    let _e8 = root(a_6.y);
    let _e10 = root(a_6.z);
    let _e12 = root(a_6.w);
    return vec4<f32>(_e6, _e8, _e10, _e12);
}

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
        let _e65 = probe_packed_in[(n + offset_x)];
        let v0_ = bitcast<f32>(_e65);
        let _e70 = probe_packed_in[(n + offset_y)];
        let v1_ = bitcast<f32>(_e70);
        let _e75 = probe_packed_in[(n + offset_n)];
        let v2_ = bitcast<i32>(_e75);
        let _e77 = quotient(v0_, v1_);
        let v3_ = bitcast<f32>((bitcast<u32>(_e77) ^ zero));
        probe_packed_out[(n + offset_quotient)] = bitcast<u32>(v3_);
        let _e85 = root(v0_);
        let v4_ = bitcast<f32>((bitcast<u32>(_e85) ^ zero));
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
        let _e361 = bitcast<u32>(v0_);
        let _e363 = (_e361 & 2147483647u);
        let _e365 = (_e363 >= 1325400064u);
        let v66_ = select(select(i32(select(v0_, bitcast<f32>((0u ^ zero)), _e365)), select(2147483647i, i32(-2147483648), (_e361 >= 2147483648u)), _e365), 0i, (_e363 > 2139095040u));
        probe_packed_out[(n + offset_truncated)] = bitcast<u32>(v66_);
        let v67_ = bitcast<f32>((bitcast<u32>(f32(v2_)) ^ zero));
        probe_packed_out[(n + offset_converted)] = bitcast<u32>(v67_);
        let v68_ = bitcast<f32>((bitcast<u32>(bitcast<f32>(v2_)) ^ zero));
        let v69_ = bitcast<f32>((bitcast<u32>((v68_ + v0_)) ^ zero));
        probe_packed_out[(n + offset_bits)] = bitcast<u32>(v69_);
    }
}

@compute @workgroup_size(256, 1, 1) 
fn reduce(@builtin(workgroup_id) workgroup_1: vec3<u32>, @builtin(num_workgroups) workgroups_1: vec3<u32>, @builtin(local_invocation_index) thread_1: u32) {
    var pass_: u32;
    var sum: f32;
    var error: f32;
    var turn: u32;

    let group_1 = ((workgroup_1.y * workgroups_1.x) + workgroup_1.x);
    let _e9 = (workgroups_1.x * workgroups_1.y);
    let G = reduce_scalars.G;
    let S = reduce_scalars.S;
    let O = reduce_scalars.O;
    let zero_1 = reduce_scalars.zero;
    let columns = select(1u, 32u, ((S == 1u) & (G >= 32u)));
    let rows = (256u / columns);
    let row = (thread_1 / columns);
    let turns = ((((O * S) + (rows - 1u)) - row) / rows);
    let passes = (((((G + (columns - 1u)) / columns) + (_e9 - 1u)) - group_1) / _e9);
    pass_ = 0u;
    loop {
        let _e48 = pass_;
        if (_e48 >= passes) {
            break;
        }
        let g = ((((_e48 * _e9) + group_1) * columns) + (thread_1 % columns));
        let inside_1 = (g < G);
        sum = 0f;
        error = 0f;
        if inside_1 {
            turn = 0u;
            loop {
                let _e61 = turn;
                if (_e61 >= turns) {
                    break;
                }
                let term = ((_e61 * rows) + row);
                let _e73 = reduce_partial[(((((term / S) * G) + g) * S) + (term % S))];
                let _e75 = sum;
                let _e77 = error;
                let _e81 = bitcast<f32>((bitcast<u32>((_e73 - _e77)) ^ zero_1));
                let _e85 = bitcast<f32>((bitcast<u32>((_e75 + _e81)) ^ zero_1));
                error = bitcast<f32>((bitcast<u32>((bitcast<f32>((bitcast<u32>((_e85 - _e75)) ^ zero_1)) - _e81)) ^ zero_1));
                sum = _e85;
                continuing {
                    let _e97 = turn;
                    turn = (_e97 + 1u);
                }
            }
        }
        let _e104 = sum;
        reduce_sums[thread_1] = _e104;
        workgroupBarrier();
        if (thread_1 < 128u) {
            let _e113 = reduce_sums[thread_1];
            let _e114 = reduce_sums[(thread_1 + 128u)];
            reduce_sums[thread_1] = bitcast<f32>((bitcast<u32>((_e113 + _e114)) ^ zero_1));
        }
        workgroupBarrier();
        if (thread_1 < 64u) {
            let _e127 = reduce_sums[thread_1];
            let _e128 = reduce_sums[(thread_1 + 64u)];
            reduce_sums[thread_1] = bitcast<f32>((bitcast<u32>((_e127 + _e128)) ^ zero_1));
        }
        workgroupBarrier();
        if (thread_1 < 32u) {
            let _e141 = reduce_sums[thread_1];
            let _e142 = reduce_sums[(thread_1 + 32u)];
            reduce_sums[thread_1] = bitcast<f32>((bitcast<u32>((_e141 + _e142)) ^ zero_1));
        }
        workgroupBarrier();
        if (columns == 1u) {
            if (thread_1 < 16u) {
                let _e156 = reduce_sums[thread_1];
                let _e157 = reduce_sums[(thread_1 + 16u)];
                reduce_sums[thread_1] = bitcast<f32>((bitcast<u32>((_e156 + _e157)) ^ zero_1));
            }
            workgroupBarrier();
            if (thread_1 < 8u) {
                let _e170 = reduce_sums[thread_1];
                let _e171 = reduce_sums[(thread_1 + 8u)];
                reduce_sums[thread_1] = bitcast<f32>((bitcast<u32>((_e170 + _e171)) ^ zero_1));
            }
            workgroupBarrier();
            if (thread_1 < 4u) {
                let _e184 = reduce_sums[thread_1];
                let _e185 = reduce_sums[(thread_1 + 4u)];
                reduce_sums[thread_1] = bitcast<f32>((bitcast<u32>((_e184 + _e185)) ^ zero_1));
            }
            workgroupBarrier();
            if (thread_1 < 2u) {
                let _e198 = reduce_sums[thread_1];
                let _e199 = reduce_sums[(thread_1 + 2u)];
                reduce_sums[thread_1] = bitcast<f32>((bitcast<u32>((_e198 + _e199)) ^ zero_1));
            }
            workgroupBarrier();
            if (thread_1 < 1u) {
                let _e212 = reduce_sums[thread_1];
                let _e213 = reduce_sums[(thread_1 + 1u)];
                reduce_sums[thread_1] = bitcast<f32>((bitcast<u32>((_e212 + _e213)) ^ zero_1));
            }
            workgroupBarrier();
        }
        if ((thread_1 < columns) & inside_1) {
            let _e222 = reduce_sums[thread_1];
            reduce_grad[g] = _e222;
        }
        workgroupBarrier();
        continuing {
            let _e224 = pass_;
            pass_ = (_e224 + 1u);
        }
    }
}
