#![no_main]

use libfuzzer_sys::fuzz_target;
use snn_tests::fuzz::{Choices, Target, text};

fuzz_target!(|bytes: &[u8]| {
    Target::Format.run(&text(&mut Choices::bytes(bytes)));
});
