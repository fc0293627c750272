#![no_main]

use libfuzzer_sys::fuzz_target;
use snn_tests::fuzz::{Choices, Reader};

fuzz_target!(|bytes: &[u8]| {
    let reader = Reader::Zip;
    reader.read(&reader.input(&mut Choices::bytes(bytes)));
});
