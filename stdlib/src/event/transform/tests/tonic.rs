//! What Tonic does, bit for bit, where nothing is left to chance.

use super::*;
use crate::event::tests::table;

fn same(name: &str, (width, height): (u16, u16), transform: &dyn Transform) {
    let expected = recording(&format!("transforms/{name}.csv"), width, height);
    assert!(!expected.is_empty() && expected != small(), "{name} shows something");
    assert_eq!(applied(transform, &small()), expected, "{name}");
}

/// The same with all times before.
fn earlier(events: &Events, by: u64) -> Events {
    let (width, height) = events.view().size();
    let (t, x, y, p) = events.clone().into_columns();
    Events::new(width, height, t.into_iter().map(|t| t - by).collect(), x, y, p).unwrap()
}

#[test]
fn parts_of_the_sensor_and_of_the_time_are_those_of_tonic() {
    same("center_crop", (7, 4), &CenterCrop::new(7, 4).unwrap());
    same("center_crop_margin", (15, 12), &CenterCrop::new(15, 12).unwrap());
    same("downsample", (5, 4), &Downsample::new(5, 4).unwrap());
    let (first, last) = span(&small().view()).unwrap();
    // Tonic includes the end.
    let times = first + 1000..(first + last) / 2 + 1;
    same("crop_time", (12, 10), &CropTime::new(times).unwrap());
}

#[test]
fn flips_and_times_are_those_of_tonic() {
    let size = (12, 10);
    same("flip_left_right", size, &FlipLeftRight::new(1.0).unwrap());
    same("flip_up_down", size, &FlipUpDown::new(1.0).unwrap());
    same("flip_polarity", size, &FlipPolarity::new(1.0).unwrap());
    same("flip_polarity", size, &FlipPolarity::each(1.0).unwrap());
    same("merge_polarities", size, &MergePolarities);
    same("time_skew", size, &TimeSkew::new(0.37, 12.5).unwrap());
    same("align_time", size, &AlignTime);
    // Tonic's begins at 0.
    let reversal = Compose::new().then(TimeReversal::new(1.0).unwrap()).then(AlignTime);
    same("time_reversal", size, &reversal);
    let kept = Compose::new()
        .then(TimeReversal::new(1.0).unwrap().keep_polarities())
        .then(FlipPolarity::new(1.0).unwrap())
        .then(AlignTime);
    same("time_reversal", size, &kept);
}

#[test]
fn filters_are_those_of_tonic() {
    let size = (12, 10);
    same("decimate", size, &Decimate::new(3).unwrap());
    same("denoise", size, &Denoise::new(300).unwrap());
    same("refractory", size, &RefractoryPeriod::renewed(4000).unwrap());
    same("drop_pixels", size, &DropPixels::new(vec![(3, 4), (0, 0), (11, 9), (5, 5)]));
    let (first, last) = span(&small().view()).unwrap();
    let hertz = 4.5e6 / (last - first) as f64;
    same("drop_hot_pixels", size, &DropHotPixels::new(hertz).unwrap());
}

#[test]
fn integrators_are_those_of_tonic() {
    let (first, last) = span(&small().view()).unwrap();
    // Tonic leaves out the last bin, which is not full, and its clock begins at 0.
    let full = |bin: u64| small().between(0..first + (last - first) / bin * bin).to_events();
    let integrate = Integrate::new((4, 5), 800, 2).unwrap();
    let made = applied(&integrate, &full(800));
    assert_eq!(earlier(&made, first), recording("transforms/integrate.csv", 4, 5));
    assert!(applied(&integrate, &small()).len() > made.len(), "the last bin has events");
    // In Tonic an event has the time of the frame before.
    let made = applied(&Differentiate::new((4, 5), 1600, 4, 1).unwrap(), &full(400));
    assert_eq!(earlier(&made, first + 1600), recording("transforms/differentiate.csv", 4, 5));
}

#[test]
fn slices_are_those_of_tonic() {
    let events = small();
    let ranges = |slicer: Slicer| slicer.ranges(events.view()).unwrap();
    let of_tonic = |name: &str| -> Vec<std::ops::Range<usize>> {
        let rows = table(&format!("transforms/slices_{name}.csv"));
        rows.iter().map(|row| row[0] as usize..row[1] as usize).collect()
    };
    let by_time = Slicer::by_time(2000, 700).unwrap();
    assert_eq!(ranges(Slicer::by_time(2000, 0).unwrap()), of_tonic("time_2000"));
    assert_eq!(ranges(by_time), of_tonic("time_2000_700"));
    assert_eq!(ranges(by_time.with_rest()), of_tonic("time_2000_700_rest"));
    let by_number = Slicer::by_number(70, 25).unwrap();
    assert_eq!(ranges(Slicer::by_number(70, 0).unwrap()), of_tonic("number_70"));
    assert_eq!(ranges(by_number), of_tonic("number_70_25"));
    assert_eq!(ranges(by_number.with_rest()), of_tonic("number_70_25_rest"));
    // The last of ours has the rest.
    for (slicer, name) in [
        (Slicer::by_time_bins(7, 0.0).unwrap(), "time_bins_7"),
        (Slicer::by_number_bins(7, 0.0).unwrap(), "number_bins_7"),
    ] {
        let mut expected = of_tonic(name);
        let last = expected.last_mut().unwrap();
        assert!(last.end < 400);
        last.end = 400;
        assert_eq!(ranges(slicer), expected);
    }
}
