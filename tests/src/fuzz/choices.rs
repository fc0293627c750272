//! What the generator decides by: bytes that a fuzzer gives, or a seed.

/// A source of choices. Where bytes were given they come first, so that a fuzzer that changes one byte
/// changes one choice; behind them, and for a seed, the numbers of a generator.
pub struct Choices<'a> {
    bytes: &'a [u8],
    /// That of the generator; none where all choices behind the bytes are 0.
    state: Option<u64>,
    taken: Vec<u8>,
}

impl Choices<'static> {
    /// Those of a seed.
    pub fn seeded(seed: u64) -> Self {
        Self { bytes: &[], state: Some(seed), taken: Vec::new() }
    }
}

impl<'a> Choices<'a> {
    /// Those that bytes say.
    pub fn bytes(bytes: &'a [u8]) -> Self {
        Self { bytes, state: Some(bytes.len() as u64), taken: Vec::new() }
    }

    /// Those that bytes say, and 0 behind them: what one list of choices gave, or less of it.
    pub fn again(bytes: &'a [u8]) -> Self {
        Self { bytes, state: None, taken: Vec::new() }
    }

    /// What was chosen, as bytes that choose it again.
    pub fn taken(&self) -> &[u8] {
        &self.taken
    }

    /// The bytes that no choice took yet.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        let n = n.max(1);
        let chosen = self.chosen(n);
        if n > 256 {
            self.taken.push((chosen >> 8) as u8);
        }
        self.taken.push(chosen as u8);
        chosen
    }

    fn chosen(&mut self, n: usize) -> usize {
        match self.bytes {
            [first, rest @ ..] if n <= 256 => {
                self.bytes = rest;
                usize::from(*first) % n
            }
            [high, low, rest @ ..] if n > 256 => {
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
        let Some(state) = &mut self.state else { return 0 };
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
