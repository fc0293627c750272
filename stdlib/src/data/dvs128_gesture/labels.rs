//! The table of a recording's gestures: a line of names, then a class from 1 on, a start and an end in each.

use std::ops::Range;
use std::path::Path;

use super::wrong_line;
use crate::data::error::{self, Result};

/// The names of the columns.
const HEADER: &str = "class,startTime_usec,endTime_usec";

/// The gestures of a table: classes from 0 on, and the times in µs from which on and before which each is.
pub(super) fn read(path: &Path, n_classes: usize) -> Result<Vec<(usize, Range<u64>)>> {
    let text = std::fs::read_to_string(path).map_err(error::io("read", path))?;
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header = lines.next().map_or("", |(_, line)| line);
    if header.trim() != HEADER {
        return Err(wrong_line(path, 0, format!("the names {HEADER:?}"), header));
    }
    let gesture = |(i, line): (usize, &str)| {
        let expected = format!("a class from 1 to {n_classes}, and a start before its end in µs");
        row(line, n_classes).ok_or_else(|| wrong_line(path, i, expected, line))
    };
    lines.map(gesture).collect()
}

/// The text of a table.
pub(in crate::data) fn table(gestures: impl Iterator<Item = (usize, Range<u64>)>) -> String {
    let row = |(class, times): (usize, Range<u64>)| {
        format!("{},{},{}\n", class + 1, times.start, times.end)
    };
    [format!("{HEADER}\n")].into_iter().chain(gestures.map(row)).collect()
}

/// A line, if it is right.
fn row(line: &str, n_classes: usize) -> Option<(usize, Range<u64>)> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let numbers: Option<Vec<u64>> = line.split(',').map(number).collect();
    let [class, start, end] = numbers?[..] else { return None };
    let class = usize::try_from(class).ok()?.checked_sub(1)?;
    (class < n_classes && start < end).then_some((class, start..end))
}
