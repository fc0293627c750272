//! Events spread over bins of time.

use super::super::error::{self, Result};
use super::super::view::EventsView;
use super::Frames;

/// The events of each pixel spread over bins of time: `[bins, 1, H, W]`.
///
/// An event counts 1 where it became brighter and -1 where darker, and is divided between the two bins
/// nearest to it, in proportion to how near each is. With `t_0` and `t_last` the times of the first and the
/// last event, an event of time `t` is at `(bins - 1) (t - t_0)/(t_last - t_0)`, so that the first is wholly
/// in the first bin and the last wholly in the last. Where all have one time, all are in the first.
///
/// Equations 1 and 2 of Zhu et al. 2019 (Unsupervised event-based learning of optical flow, depth, and
/// egomotion, CVPR), for pixels without fractions.
///
/// # Errors
///
/// [`Error::Argument`](crate::event::Error::Argument) where there are no bins, or where the frames are more
/// than memory holds.
pub fn voxel_grid(events: EventsView, bins: usize) -> Result<Frames<f32>> {
    if bins == 0 {
        return Err(error::argument("the number of bins", "1 or more", bins));
    }
    let (width, height) = events.size();
    let (width, height) = (usize::from(width), usize::from(height));
    let mut frames = Frames::filled([bins, 1, height, width], 0.0_f32)?;
    let (Some(first), Some(last)) = (events.t().first(), events.t().last()) else {
        return Ok(frames);
    };
    // Where all have one time, each is at 0 of whatever is divided by.
    let span = (last - first).max(1) as f64;
    for event in events.iter() {
        // A part of the whole is 1 at most, so that no place is past the last bin.
        let place = (bins - 1) as f64 * ((event.t - first) as f64 / span);
        let bin = place as usize;
        let after = (place - bin as f64) as f32;
        let sign = f32::from(event.p) * 2.0 - 1.0;
        let pixel = usize::from(event.y) * width + usize::from(event.x);
        frames.data[bin * width * height + pixel] += sign * (1.0 - after);
        if bin + 1 < bins {
            frames.data[(bin + 1) * width * height + pixel] += sign * after;
        }
    }
    Ok(frames)
}
