//! What the generator decides by: bytes that a fuzzer gives, or a seed.

/// A source of choices. Where bytes were given they come first, so that a fuzzer that changes one byte
/// changes one choice; behind them, and for a seed, the numbers of a generator.
pub struct Choices<'a> {
    bytes: &'a [u8],
    state: u64,
}

impl Choices<'static> {
    /// Those of a seed.
    pub fn seeded(seed: u64) -> Self {
        Self { bytes: &[], state: seed }
    }
}

impl<'a> Choices<'a> {
    /// Those that bytes say.
    pub fn bytes(bytes: &'a [u8]) -> Self {
        Self { bytes, state: bytes.len() as u64 }
    }

    /// The bytes that no choice took yet.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        let n = n.max(1);
        match self.bytes {
            [first, rest @ ..] if n <= 256 => {
                self.bytes = rest;
                usize::from(*first) % n
            }
            [high, low, rest @ ..] => {
                self.bytes = rest;
                (usize::from(*high) << 8 | usize::from(*low)) % n
            }
            _ => (self.next() % n as u64) as usize,
        }
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, times: usize) -> bool {
        self.below(100) < times
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// SplitMix64, which makes good numbers of seeds that follow each other.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
