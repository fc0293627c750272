// A sum of `S` ones, by as many turns of a loop: how many turns the driver runs is what comes out.

struct Scalars {
    G: u32,
    S: u32,
    O: u32,
    zero: u32,
}

@group(0) @binding(0)
var<uniform> scalars: Scalars;
@group(0) @binding(1)
var<storage> ones: array<f32>;
@group(0) @binding(2)
var<storage, read_write> sum: array<f32>;

@compute @workgroup_size(1)
fn reduce() {
    var total = 0.0;
    for (var turn = 0u; turn < scalars.S; turn++) {
        total += ones[turn % arrayLength(&ones)];
    }
    sum[0] = total;
}
