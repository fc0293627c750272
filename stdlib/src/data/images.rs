//! Images of bytes, with labels, and batches of them.

use super::error::{self, Result};

/// Grey images of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// `[count, rows, columns]` without gaps, 0 for black to 255 for white.
    pub pixels: Vec<u8>,
    /// How many images.
    pub count: usize,
    /// Height in pixels.
    pub rows: usize,
    /// Width in pixels.
    pub columns: usize,
}

impl Images {
    /// Images from their pixels, `[count, rows, columns]`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where the number of pixels is not the product of the
    /// sizes.
    pub fn new(pixels: Vec<u8>, count: usize, rows: usize, columns: usize) -> Result<Self> {
        let product = count.checked_mul(rows).and_then(|n| n.checked_mul(columns));
        if product != Some(pixels.len()) {
            let expected = format!("the product of the sizes {:?}", [count, rows, columns]);
            return Err(error::argument("the number of pixels", expected, pixels.len()));
        }
        Ok(Self { pixels, count, rows, columns })
    }

    /// The pixels of one image, `[rows, columns]`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where there is no such image.
    pub fn image(&self, index: usize) -> Result<&[u8]> {
        let size = self.rows * self.columns;
        let start = index.checked_mul(size).filter(|_| index < self.count);
        let image = start.and_then(|start| self.pixels.get(start..start + size));
        image.ok_or_else(|| index_error(self.count, index))
    }

    /// Some images as floats from 0 to 1, `[indices.len(), rows, columns]`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where there is no image of an index.
    pub fn batch(&self, indices: &[usize]) -> Result<Vec<f32>> {
        let mut batch = Vec::with_capacity(indices.len() * self.rows * self.columns);
        for index in indices {
            batch.extend(self.image(*index)?.iter().copied().map(scaled));
        }
        Ok(batch)
    }
}

/// Images, each with the number of its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// The images.
    pub images: Images,
    /// The class of each, from 0 on.
    pub labels: Vec<u8>,
}

impl Labelled {
    /// Some images as of [`Images::batch`] with their labels, `[indices.len()]`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where there is no image or no label of an index.
    pub fn batch(&self, indices: &[usize]) -> Result<(Vec<f32>, Vec<u8>)> {
        Ok((self.images.batch(indices)?, self.labels(indices)?))
    }

    /// Some labels, `[indices.len()]`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where there is no label of an index.
    pub fn labels(&self, indices: &[usize]) -> Result<Vec<u8>> {
        let label = |index: &usize| {
            let label = self.labels.get(*index).copied();
            label.ok_or_else(|| index_error(self.labels.len(), *index))
        };
        indices.iter().map(label).collect()
    }
}

fn index_error(count: usize, index: usize) -> super::Error {
    error::argument("an index", format!("below {count}, the number of samples"), index)
}

/// A byte as a float: 0 is 0 and 255 is 1, exactly.
pub(super) fn scaled(pixel: u8) -> f32 {
    f32::from(pixel) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Labelled {
        let images = Images::new((0..12).map(|i| i * 23).collect(), 3, 2, 2).unwrap();
        Labelled { images, labels: vec![7, 8, 9] }
    }

    #[test]
    fn batches_are_scaled_and_in_the_order_asked_for() {
        let images = Images::new(vec![0, 51, 102, 255], 2, 1, 2).unwrap();
        assert_eq!(images.batch(&[1, 0, 1]).unwrap(), [0.4, 1.0, 0.0, 0.2, 0.4, 1.0]);
        assert_eq!(images.batch(&[]).unwrap(), [0.0; 0]);
        let (pixels, labels) = three().batch(&[2, 0]).unwrap();
        assert_eq!((pixels.len(), &labels[..]), (8, &[9, 7][..]));
    }

    #[test]
    fn what_is_not_there_is_told() {
        let message = three().batch(&[0, 3]).unwrap_err().to_string();
        assert_eq!(message, "an index must be below 3, the number of samples, but is 3");
        assert!(three().images.image(usize::MAX).is_err());
        let few = Labelled { labels: vec![7], ..three() };
        assert!(few.batch(&[2]).is_err());
        let message = Images::new(vec![0; 3], 1, 2, 2).unwrap_err().to_string();
        assert!(message.contains("[1, 2, 2], but is 3"), "{message}");
        assert!(Images::new(vec![], usize::MAX, 2, 2).is_err());
    }
}
