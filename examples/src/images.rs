//! Image sets as tensors.

use std::path::PathBuf;

use snn::data::images::{Images, Labelled};
use snn::data::mnist::{FashionMnist, Places, Split};
use tch::{Device, Kind, Tensor};

/// What went wrong, for the end of a program.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Images on a device, from 0 to 1, with their classes.
pub struct Set {
    /// `[count, 1, rows, columns]`.
    pub images: Tensor,
    /// `[count]`.
    pub labels: Tensor,
}

impl Set {
    /// The first `limit` of labelled images.
    pub fn new(labelled: &Labelled, limit: Option<usize>, device: Device) -> Self {
        let Images { pixels, count, rows, columns } = &labelled.images;
        let n = limit.unwrap_or(*count).min(*count) as i64;
        let shape = [*count as i64, 1, *rows as i64, *columns as i64];
        let images = Tensor::from_slice(pixels).reshape(shape).narrow(0, 0, n);
        let labels = Tensor::from_slice(&labelled.labels).narrow(0, 0, n);
        Self {
            images: images.to_device(device).to_kind(Kind::Float) / 255.0,
            labels: labels.to_device(device).to_kind(Kind::Int64),
        }
    }

    /// How many there are.
    pub fn len(&self) -> i64 {
        self.labels.size()[0]
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Fashion-MNIST for training and for testing, found in a folder, on the system, in the cache, or downloaded.
pub fn fashion_mnist(
    folder: Option<PathBuf>,
    limit: Option<usize>,
    device: Device,
) -> Result<(Set, Set), Failure> {
    let places = Places { folder, ..Places::default() };
    let train = FashionMnist::load(Split::Train, &places)?;
    let test = FashionMnist::load(Split::Test, &places)?;
    Ok((Set::new(&train, limit, device), Set::new(&test, None, device)))
}

/// Ten kinds of bars and crosses, drawn with noise: a set for a first run, without a download.
pub fn drawn(count: usize, seed: u64, device: Device) -> Set {
    let mut state = seed.wrapping_mul(2) + 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 40
    };
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for i in 0..count {
        let kind = i % 10;
        let (dx, dy) = (next() as usize % 5, next() as usize % 5);
        for y in 0..28_usize {
            for x in 0..28_usize {
                let (u, v) = ((x + dx) / 6, (y + dy) / 6);
                let is_ink = match kind {
                    0..=4 => u == kind,
                    5..=9 => v == kind - 5,
                    _ => false,
                };
                let noise = (next() % 60) as u8;
                pixels.push(if is_ink { 195 + noise } else { noise });
            }
        }
        labels.push(kind as u8);
    }
    let images = Images { pixels, count, rows: 28, columns: 28 };
    Set::new(&Labelled { images, labels }, None, device)
}

/// Images `[N, 1, rows, columns]` column by column: `[columns, N, rows]`, a column a step.
///
/// # Errors
///
/// Those of libtorch.
pub fn columns(images: &Tensor) -> Result<Tensor, Failure> {
    Ok(images.f_squeeze_dim(1)?.f_permute([2, 0, 1])?)
}
