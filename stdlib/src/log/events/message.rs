//! Events as messages of protobuf: fields by their numbers, what is 0 left out.

/// `SessionLog.START`.
const START: u64 = 1;

/// What is logged under a tag.
pub(super) enum Value {
    Scalar(f32),
    Histogram(Histogram),
    /// Rows and columns, bytes of a pixel, and the picture as PNG.
    Image([u32; 2], u8, Vec<u8>),
}

/// How numbers are distributed.
#[derive(Debug, PartialEq)]
pub(super) struct Histogram {
    /// Smallest, largest, number, sum and sum of squares.
    pub(super) moments: [f64; 5],
    /// The upper ends of the buckets, the last that of the largest number.
    pub(super) limits: Vec<f64>,
    /// How many numbers are in each.
    pub(super) counts: Vec<f64>,
}

/// The first event of a file, which says how the others are to be read.
pub(super) fn version(time: f64) -> Vec<u8> {
    let mut event = Message::default();
    event.double(1, time);
    event.bytes(3, b"brain.Event:2");
    event.0
}

/// The event of a program that goes on from a step: readers forget what was logged for that step and later ones.
pub(super) fn start(time: f64, step: u64) -> Vec<u8> {
    let mut session = Message::default();
    session.number(1, START);
    let mut event = Message::default();
    event.double(1, time);
    event.number(2, step);
    event.bytes(7, &session.0);
    event.0
}

/// An event with one value; `time` in seconds since 1970.
pub(super) fn event(time: f64, step: u64, tag: &str, value: &Value) -> Vec<u8> {
    let mut inner = Message::default();
    inner.bytes(1, tag.as_bytes());
    match value {
        // One of several, so that 0 is not left out.
        Value::Scalar(scalar) => inner.word(2, &scalar.to_le_bytes()),
        Value::Image(size, channels, png) => inner.bytes(4, &image(*size, *channels, png)),
        Value::Histogram(histogram) => inner.bytes(5, &self::histogram(histogram)),
    }
    let mut summary = Message::default();
    summary.bytes(1, &inner.0);
    let mut event = Message::default();
    event.double(1, time);
    event.number(2, step);
    event.bytes(5, &summary.0);
    event.0
}

fn image([rows, columns]: [u32; 2], channels: u8, png: &[u8]) -> Vec<u8> {
    let mut image = Message::default();
    image.number(1, rows.into());
    image.number(2, columns.into());
    image.number(3, channels.into());
    image.bytes(4, png);
    image.0
}

fn histogram(histogram: &Histogram) -> Vec<u8> {
    let mut message = Message::default();
    for (field, moment) in (1..).zip(histogram.moments) {
        message.double(field, moment);
    }
    let packed = |numbers: &[f64]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
    message.bytes(6, &packed(&histogram.limits));
    message.bytes(7, &packed(&histogram.counts));
    message.0
}

/// A message to be filled, its fields in the order of their numbers.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    /// Seven bits to a byte, the lowest first; the upper bit says that more come.
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn number(&mut self, field: u8, number: u64) {
        if number != 0 {
            self.0.push(field << 3);
            self.varint(number);
        }
    }

    fn double(&mut self, field: u8, number: f64) {
        if number.to_bits() != 0 {
            self.0.push(field << 3 | 1);
            self.0.extend(number.to_le_bytes());
        }
    }

    /// A number of 32 bits, also where it is 0.
    fn word(&mut self, field: u8, bytes: &[u8; 4]) {
        self.0.push(field << 3 | 5);
        self.0.extend(bytes);
    }

    fn bytes(&mut self, field: u8, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.0.push(field << 3 | 2);
            self.varint(bytes.len() as u64);
            self.0.extend(bytes);
        }
    }
}
