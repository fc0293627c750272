//! Events of a file: they are as events have to be, or the error says where the file is wrong.

use snn::event::shd::Shd;
use snn::event::{Error, Events, Format, Options, Order};

/// Recordings of a file of spikes that are looked at.
const RECORDINGS: usize = 8;

/// As many events as are written again.
const FEW: usize = 20_000;

/// Reads bytes as a format, and as what they look like; whether either is right.
pub fn read(format: Format, name: &str, bytes: &[u8]) -> bool {
    let named = Options { format: Some(format), ..Options::default() };
    let sorted = Options { order: Order::Sort, ..Options::default() };
    [named, sorted].iter().fold(false, |any, options| {
        match Events::from_bytes(name, bytes, options) {
            Ok(events) => {
                is_sound(&events);
                comes_back(format, name, &events);
                true
            }
            Err(error) => {
                is_told(name, &error);
                any
            }
        }
    })
}

/// Reads bytes as the file of spikes of a Heidelberg set.
pub fn read_shd(bytes: &[u8]) -> bool {
    let name = "input.h5";
    let spikes = match Shd::from_bytes(name, bytes.to_vec()) {
        Ok(spikes) => spikes,
        Err(error) => {
            is_told(name, &error);
            return false;
        }
    };
    assert_eq!(spikes.len(), spikes.labels().len());
    (0..spikes.len().min(RECORDINGS)).fold(true, |all, i| match spikes.events(i) {
        Ok(events) => {
            is_sound(&events);
            all
        }
        Err(error) => {
            is_told(name, &error);
            false
        }
    })
}

fn is_sound(events: &Events) {
    let n = events.len();
    assert!([events.x().len(), events.y().len(), events.p().len()] == [n; 3]);
    assert!(events.t().is_sorted());
    assert!(events.x().iter().all(|x| *x < events.width()));
    assert!(events.y().iter().all(|y| *y < events.height()));
    assert!(events.p().iter().all(|p| *p < 2));
}

/// What a format can hold, it gives back.
fn comes_back(format: Format, name: &str, events: &Events) {
    if events.len() > FEW {
        return;
    }
    if let Ok(bytes) = events.view().to_bytes(format) {
        let size = Some((events.width(), events.height()));
        let options = Options { format: Some(format), size, ..Options::default() };
        assert!(
            Events::from_bytes(name, &bytes, &options).unwrap() == *events,
            "written, it is another"
        );
    }
}

fn is_told(name: &str, error: &Error) {
    let message = error.to_string();
    assert!(message.starts_with(name), "of no file: {message}");
    assert!(!message.ends_with('.') && message.len() < 2000, "{message}");
}
