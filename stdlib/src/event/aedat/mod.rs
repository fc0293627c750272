//! AEDAT, the formats of iniVation's cameras: 2 of jAER, 3.1 of cAER and 4 of DV.

mod flat;
pub mod v2;
pub mod v3;
pub mod v4;

/// Sensors by the names that headers give them, with width and height in pixels; more exact names first.
const SENSORS: [(&str, (u16, u16)); 8] = [
    ("dvs128", (128, 128)),
    ("davis128", (128, 128)),
    ("davis208", (208, 192)),
    ("davis240", (240, 180)),
    ("davis346", (346, 260)),
    ("davis640", (640, 480)),
    ("dvs132", (132, 104)),
    ("dvxplorer", (640, 480)),
];

/// The size of a sensor that a line of a header names.
fn sensor(line: &str) -> Option<(u16, u16)> {
    let line = line.to_ascii_lowercase();
    SENSORS.iter().find(|(name, _)| line.contains(name)).map(|(_, size)| *size)
}
