#![no_main]

use libfuzzer_sys::fuzz_target;
use snn::event::Format;
use snn_tests::fuzz::{Choices, Reader};

fuzz_target!(|bytes: &[u8]| {
    let reader = Reader::Events(Format::Evt3);
    reader.read(&reader.input(&mut Choices::bytes(bytes)));
});
