//! Kernels as text, for the tests of everything that takes kernels.

/// `y = x` over `[T, N]`.
pub const COPY: &str = include_str!("samples/copy.kernel");
/// LIF with a decayed input, threshold 1 and hard reset to 0.
pub const LIF_FORWARD: &str = include_str!("samples/lif_forward.kernel");
/// The same, and the potential before each chunk but the first for backward.
pub const LIF_FORWARD_TRAIN: &str = include_str!("samples/lif_forward_train.kernel");
/// Its gradient with the surrogate `1 / (1 + (pi u)^2)`, `tau` shared by all.
pub const LIF_BACKWARD: &str = include_str!("samples/lif_backward.kernel");
/// The same with a `tau` for each channel, whose gradient is left for each lane.
pub const LIF_BACKWARD_CHANNEL: &str = include_str!("samples/lif_backward_channel.kernel");
/// All operations on ints, bools and bits, and the conversions.
pub const OPERATIONS: &str = include_str!("samples/operations.kernel");
/// `y = w @ x + b` over time.
pub const PRODUCT: &str = include_str!("samples/product.kernel");

/// What the segments of time do to `v = a v + x`, the states from them on, and back, by name.
pub const SEGMENTS: [(&str, &str); 3] = [
    ("carry", include_str!("samples/segments_carry.kernel")),
    ("forward", include_str!("samples/segments_forward.kernel")),
    ("backward", include_str!("samples/segments_backward.kernel")),
];

/// All that take no matrix and no segments, by name.
pub const ALL: [(&str, &str); 6] = [
    ("copy", COPY),
    ("lif_forward", LIF_FORWARD),
    ("lif_forward_train", LIF_FORWARD_TRAIN),
    ("lif_backward", LIF_BACKWARD),
    ("lif_backward_channel", LIF_BACKWARD_CHANNEL),
    ("operations", OPERATIONS),
];
