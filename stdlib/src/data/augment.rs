//! Images changed a little each time that they are seen.
//!
//! How a sample is changed depends on the seed, the epoch and its index alone, so that neither threads nor
//! the order of batches change it.

use super::error::Result;
use super::images::{Images, scaled};
use super::random::{below, generator};

/// What is done to images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Augment {
    /// An image is put into a black frame of so many pixels on each side, and a piece of its own size cut
    /// out anywhere: it is shifted by as much at most.
    pub padding: usize,
    /// Every second image, by chance, has left and right exchanged. Of no use for digits.
    pub flip: bool,
    /// What decides, together with the epoch and the sample's index.
    pub seed: u64,
}

/// What happens to one sample in one epoch.
struct Change {
    /// How far the piece lies below and right of the frame's upper left corner.
    down: usize,
    right: usize,
    flip: bool,
}

impl Augment {
    /// One image of an epoch, `[rows, columns]`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where there is no such image.
    pub fn image(&self, images: &Images, epoch: u64, index: usize) -> Result<Vec<u8>> {
        let from = images.image(index)?;
        let change = self.change(epoch, index);
        let mut to = vec![0; from.len()];
        let pixels = (0..images.rows).flat_map(|row| (0..images.columns).map(move |c| (row, c)));
        for (place, (row, column)) in to.iter_mut().zip(pixels) {
            let column = if change.flip { images.columns - 1 - column } else { column };
            let row = row.saturating_add(change.down).checked_sub(self.padding);
            let column = column.saturating_add(change.right).checked_sub(self.padding);
            if let (Some(row), Some(column)) = (row, column)
                && row < images.rows
                && column < images.columns
            {
                *place = from[row * images.columns + column];
            }
        }
        Ok(to)
    }

    /// Some images of an epoch as floats from 0 to 1, `[indices.len(), rows, columns]`.
    ///
    /// # Errors
    ///
    /// As [`Augment::image`].
    pub fn batch(&self, images: &Images, epoch: u64, indices: &[usize]) -> Result<Vec<f32>> {
        let mut batch = Vec::with_capacity(indices.len() * images.rows * images.columns);
        for index in indices {
            batch.extend(self.image(images, epoch, *index)?.into_iter().map(scaled));
        }
        Ok(batch)
    }

    /// All is drawn, also where it is not asked for: to flip or not changes no shift.
    fn change(&self, epoch: u64, index: usize) -> Change {
        let mut random = generator(b"augment\0", self.seed, epoch, index as u64);
        let places = (self.padding as u64).saturating_mul(2).saturating_add(1);
        let [down, right] = [(); 2].map(|()| below(&mut random, places) as usize);
        Change { down, right, flip: below(&mut random, 2) == 1 && self.flip }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    fn images() -> Images {
        Images::new((1..=24).collect(), 4, 2, 3).unwrap()
    }

    /// All that becomes of the first image in many epochs.
    fn all(augment: Augment) -> BTreeSet<Vec<u8>> {
        (0..300).map(|epoch| augment.image(&images(), epoch, 0).unwrap()).collect()
    }

    #[test]
    fn nothing_is_changed_unless_asked_for() {
        let (images, augment) = (images(), Augment::default());
        assert_eq!(augment.batch(&images, 3, &[2, 0]).unwrap(), images.batch(&[2, 0]).unwrap());
    }

    #[test]
    fn flips_exchange_left_and_right() {
        let flipped = all(Augment { flip: true, ..Augment::default() });
        assert_eq!(flipped, [vec![1, 2, 3, 4, 5, 6], vec![3, 2, 1, 6, 5, 4]].into());
    }

    #[test]
    fn shifts_go_to_all_sides_and_leave_black() {
        let shifted = all(Augment { padding: 1, ..Augment::default() });
        assert_eq!(shifted.len(), 9);
        for image in
            [[0, 0, 0, 0, 1, 2], [5, 6, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6], [2, 3, 0, 5, 6, 0]]
        {
            assert!(shifted.contains(&image[..]), "{image:?}");
        }
        // Both at once, and further than the image is large.
        assert_eq!(all(Augment { padding: 1, flip: true, seed: 1 }).len(), 18);
        assert!(all(Augment { padding: 9, ..Augment::default() }).contains(&[0; 6][..]));
    }

    #[test]
    fn neither_order_nor_threads_change_a_sample() {
        let (images, augment) = (images(), Augment { padding: 2, flip: true, seed: 9 });
        let one_by_one = [3, 1, 0, 2].map(|i| augment.batch(&images, 5, &[i]).unwrap());
        let in_threads = thread::scope(|scope| {
            let (images, augment) = (&images, &augment);
            let threads =
                [3, 1, 0, 2].map(|i| scope.spawn(move || augment.batch(images, 5, &[i]).unwrap()));
            threads.map(|thread| thread.join().unwrap())
        });
        assert_eq!(one_by_one.concat(), augment.batch(&images, 5, &[3, 1, 0, 2]).unwrap());
        assert_eq!(one_by_one, in_threads);
        assert!(augment.image(&images, 0, 4).is_err());
    }
}
