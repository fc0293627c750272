// Quotients and square roots that are correctly rounded on every device: WGSL lets a driver be off by units in
// the last place. Which way is taken is decided when a pipeline is made; `runtime/src/wgpu/probe.rs` finds the
// first that a device computes rightly.

// 0: by the driver. 1: by fused products, where it fuses them. 2: by whole numbers.
override quotients_by: u32 = 0u;
// 0: by the driver. 1: by whole numbers.
override roots_by: u32 = 0u;

fn quotient(a: f32, b: f32) -> f32 {
    if quotients_by == 0u {
        return a / b;
    }
    if quotients_by == 1u {
        if is_plain(a, b) {
            return by_products(a, b);
        }
    }
    return by_whole_numbers(a, b);
}

// One branch for all four.
fn quotients(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    if quotients_by == 0u {
        return a / b;
    }
    if quotients_by == 1u {
        if is_plain(a.x, b.x) & is_plain(a.y, b.y) & is_plain(a.z, b.z) & is_plain(a.w, b.w) {
            return vec4(by_products(a.x, b.x), by_products(a.y, b.y), by_products(a.z, b.z), by_products(a.w, b.w));
        }
    }
    return vec4(
        by_whole_numbers(a.x, b.x),
        by_whole_numbers(a.y, b.y),
        by_whole_numbers(a.z, b.z),
        by_whole_numbers(a.w, b.w),
    );
}

// Whether no step of `by_products` comes near the ends of the range: both numbers lie between 2^-59 and 2^60,
// or the first is 0; and the theorem below holds for the second.
fn is_plain(a: f32, b: f32) -> bool {
    let above = bitcast<u32>(a) & 0x7fffffffu;
    let below = bitcast<u32>(b) & 0x7fffffffu;
    let is_between = above - 0x22000000u < 0x3b800000u;
    let divides = below - 0x22000000u < 0x3b800000u;
    let is_whole = (below & 0x7fffffu) != 0x7fffffu;
    return (is_between | (above == 0u)) & divides & is_whole;
}

// Markstein's theorem: with the reciprocal rounded to nearest and a quotient within a unit in the last place,
// one more correction rounds to nearest. The reciprocal is one unless all bits of the divisor are set.
fn by_products(a: f32, b: f32) -> f32 {
    let near = 1.0 / b;
    let inverse = fma(fma(-b, near, 1.0), near, near);
    let first = a * inverse;
    let second = fma(fma(-b, first, a), inverse, first);
    let third = fma(fma(-b, second, a), inverse, second);
    // Corrections lose the sign of a 0.
    return select(third, first, a == 0.0);
}

// A number above 0 as exponent and significand, the latter from 2^23 to 2^24.
struct Parts {
    exponent: i32,
    significand: u32,
}

fn parts(bits: u32) -> Parts {
    if bits >= 0x800000u {
        return Parts(i32(bits >> 23u), (bits & 0x7fffffu) | 0x800000u);
    }
    let by = countLeadingZeros(bits) - 8u;
    return Parts(1 - i32(by), bits << by);
}

fn by_whole_numbers(a: f32, b: f32) -> f32 {
    let sign = (bitcast<u32>(a) ^ bitcast<u32>(b)) & 0x80000000u;
    let above = bitcast<u32>(a) & 0x7fffffffu;
    let below = bitcast<u32>(b) & 0x7fffffffu;
    let infinity = 0x7f800000u;
    let is_nan = (above > infinity) | (below > infinity);
    if is_nan | ((above == below) & ((above == 0u) | (above == infinity))) {
        return bitcast<f32>(sign | 0x7fc00000u);
    }
    if (above == infinity) | (below == 0u) {
        return bitcast<f32>(sign | infinity);
    }
    if (above == 0u) | (below == infinity) {
        return bitcast<f32>(sign);
    }
    let n = parts(above);
    let d = parts(below);
    // The quotient of significands, times 2^23, from 2^23 to 2^24. What the driver makes of it is a few units
    // off at most, so that what remains is right in the lowest 32 bits.
    let is_less = u32(n.significand < d.significand);
    let significand = n.significand << is_less;
    let inverse = 1.0 / f32(d.significand);
    let guess = u32(f32(significand) * inverse * 8388608.0);
    let rest = bitcast<i32>((significand << 23u) - guess * d.significand);
    let more = i32(round(f32(rest) * inverse));
    let divisor = bitcast<i32>(d.significand);
    let left = rest - more * divisor;
    let up = i32(2 * left > divisor) - i32(2 * left < -divisor);
    let nearest = guess + bitcast<u32>(more + up);
    let exponent = n.exponent - d.exponent + 127 - i32(is_less);
    if exponent >= 255 {
        return bitcast<f32>(sign | infinity);
    }
    if exponent >= 1 {
        return bitcast<f32>(sign | ((u32(exponent - 1) << 23u) + nearest));
    }
    if exponent < -24 {
        return bitcast<f32>(sign);
    }
    // Below the normal numbers: rounded once, from the quotient rounded down and whether anything is left.
    let remains = left - up * divisor;
    let floor = nearest - u32(remains < 0);
    let by = u32(1 - exponent);
    let kept = floor >> by;
    let cut = floor - (kept << by);
    let half = 1u << (by - 1u);
    let is_odd = (kept & 1u) != 0u;
    let rounds_up = (cut > half) | ((cut == half) & ((remains != 0) | is_odd));
    return bitcast<f32>(sign | (kept + u32(rounds_up)));
}

fn root(a: f32) -> f32 {
    if roots_by == 0u {
        return sqrt(a);
    }
    let bits = bitcast<u32>(a);
    let infinity = 0x7f800000u;
    if ((bits & 0x7fffffffu) == 0u) | (bits == infinity) {
        return a;
    }
    if bits > infinity {
        return bitcast<f32>(bits | 0x7fc00000u);
    }
    let n = parts(bits);
    let exponent = n.exponent - 127;
    let is_odd = u32(exponent & 1);
    // The root of the significand, times 2^23, from 2^23 to 2^24.
    let significand = n.significand << is_odd;
    let guess = u32(sqrt(f32(significand) * 8388608.0));
    let rest = bitcast<i32>((significand << 23u) - guess * guess);
    let more = i32(round(f32(rest) / f32(2u * guess)));
    let near = guess + bitcast<u32>(more);
    let left = bitcast<i32>((significand << 23u) - near * near);
    let up = i32(left > bitcast<i32>(near)) - i32(left <= -bitcast<i32>(near));
    let nearest = near + bitcast<u32>(up);
    return bitcast<f32>((u32((exponent >> 1u) + 126) << 23u) + nearest);
}

fn roots(a: vec4<f32>) -> vec4<f32> {
    if roots_by == 0u {
        return sqrt(a);
    }
    return vec4(root(a.x), root(a.y), root(a.z), root(a.w));
}
