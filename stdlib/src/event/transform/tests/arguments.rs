//! Numbers that are refused, with what was expected.

use super::*;
use crate::event::frames::Slices;

fn message<T: Debug>(refused: Result<T>) -> String {
    refused.unwrap_err().to_string()
}

#[test]
fn numbers_out_of_bounds_are_refused_when_a_transform_is_made() {
    let wanted = "the proportion of events must be from 0 to 1, or a range of such, but is ";
    assert_eq!(message(DropEvents::proportion(1.5)), format!("{wanted}1.5"));
    assert_eq!(message(DropEvents::proportion(0.5..=0.25)), format!("{wanted}0.5..=0.25"));
    assert_eq!(message(DropEvents::proportion(f64::NAN)), format!("{wanted}NaN"));
    let range = std::ops::RangeInclusive::new(9_u64, 3);
    assert!(message(DropEvents::number(range)).ends_with("but is 9..=3"));
    assert!(
        message(DropByTime::new(-0.1)).starts_with("the ratio of durations must be from 0 to 1")
    );
    assert!(message(DropByArea::new(2.0)).starts_with("the ratio of the sides must be"));
    for p in [-0.5, 1.01, f64::NAN] {
        let wanted = format!("a probability must be from 0 to 1, but is {p}");
        assert_eq!(message(FlipLeftRight::new(p)), wanted);
        assert_eq!(message(FlipUpDown::new(p)), wanted);
        assert_eq!(message(FlipPolarity::new(p)), wanted);
        assert_eq!(message(FlipPolarity::each(p)), wanted);
        assert_eq!(message(TimeReversal::new(p)), wanted);
        assert_eq!(message(RandomDropPixels::new(p)), wanted);
        assert_eq!(message(Sometimes::new(p, MergePolarities)), wanted);
    }
    assert_eq!(message(OneOf::new(vec![])), "the number of transforms must be 1 or more, but is 0");
    for std in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(
            message(TimeJitter::new(std, Outliers::Drop)).starts_with("the standard deviation")
        );
        assert!(message(SpatialJitter::new(std, Outliers::Clip)).starts_with("the standard"));
    }
    for matrix in [[[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.5], [0.2, 1.0]], [[-1.0, 0.0], [0.0, 1.0]]] {
        let message = message(SpatialJitter::covariance(matrix, Outliers::Drop));
        assert!(message.contains("symmetric and positive semidefinite"), "{message}");
    }
    assert!(SpatialJitter::covariance([[0.0, 0.0], [0.0, 0.0]], Outliers::Drop).is_ok());
    assert!(
        message(TimeSkew::new(0.0, 0.0)).starts_with("the coefficient of times must be above 0")
    );
    assert!(message(TimeSkew::new(1.0, f64::INFINITY)).starts_with("the offset of times in µs"));
    assert!(message(DropHotPixels::new(-1.0)).contains("0 or more"));
    assert!(message(Decimate::new(0)).contains("1 or more"));
    assert!(message(Denoise::new(0)).contains("1 or more"));
    assert!(message(UniformNoise::new(u64::MAX)).contains("from 0 to 268435456"));
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
    let reversed = CropTime::new(5..4);
    assert_eq!(message(reversed), "the end of the time in µs must be 5 or later, but is 4");
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let wanted = "the width and the height in pixels must be 1 or more, but is 0 x 3";
    assert_eq!(message(CenterCrop::new(0, 3)), wanted);
    assert_eq!(message(RandomCrop::new(0, 3)), wanted);
    assert_eq!(message(Downsample::new(0, 3)), wanted);
    assert_eq!(message(Crop::new(4..4, 0..3)), wanted);
    assert_eq!(message(Integrate::new((0, 3), 1, 1)), wanted);
    let apply =
        |transform: &dyn Transform| message(transform.apply(small(), &mut Random::new(0, 0, 0)));
    let box_ = "the box that is cut out must be on the sensor of 12 x 10, but is up to ";
    assert_eq!(apply(&Crop::new(4..13, 0..3).unwrap()), format!("{box_}x = 13, y = 3"));
    assert_eq!(apply(&RandomCrop::new(4, 11).unwrap()), format!("{box_}x = 4, y = 11"));
    let size = "the new size must be at most that of the sensor, 12 x 10, but is 13 x 1";
    assert_eq!(apply(&Downsample::new(13, 1).unwrap()), size);
    assert_eq!(apply(&Integrate::new((13, 1), 5, 1).unwrap()), size);
    assert!(message(Integrate::new((2, 2), 0, 1)).starts_with("the duration of a bin"));
    assert!(message(Integrate::new((2, 2), 5, 0)).starts_with("the threshold in events"));
    let bins = "the number of bins of a frame must be a divisor of the duration of a frame, 100 µs, but is 3";
    assert_eq!(message(Differentiate::new((2, 2), 100, 3, 1)), bins);
    assert!(Differentiate::new((2, 2), 100, 0, 1).is_err());
    assert!(Differentiate::new((2, 2), 0, 5, 1).is_err());
}

#[test]
fn slices_that_never_end_are_refused() {
    let wanted = "windows in µs must be an overlap below the window, but is a window of 3 and an overlap of 3";
    assert_eq!(message(Slicer::by_time(3, 3)), wanted);
    assert!(Slicer::by_number(0, 0).is_err());
    assert!(message(Slicer::by_time_bins(0, 0.0)).starts_with("the number of slices"));
    assert!(message(Slicer::by_number_bins(1 << 25, 0.0)).starts_with("the number of slices"));
    assert!(message(Slicer::by_time_bins(1, 1.1)).starts_with("the overlap as a part"));
    assert!(Slicer::by_number_bins(1, f64::NAN).is_err());
    let long = of(&[(0, 0, 0, 1), (u64::MAX, 0, 0, 1)]);
    let many = message(Slicer::by_time(2, 1).unwrap().ranges(long.view()));
    assert!(many.starts_with("windows must be so long that there are at most 16777216"), "{many}");
}

#[test]
fn frames_that_are_not_there_are_refused() {
    let events = small();
    let frames = Slices::by_time(events.view(), 4).unwrap().count().unwrap();
    let left = RandomTemporalDelete::new(5).apply(&frames, &mut Random::new(0, 0, 0));
    let wanted =
        "the number of frames that are left must be at most 4, the number of frames, but is 5";
    assert_eq!(message(left), wanted);
    assert_eq!(message(frames.select(&[0, 4])), "a step of frames must be below 4, but is 4");
}
