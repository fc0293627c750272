#![doc = include_str!("../../docs/training.md")]
#![doc = include_str!("../../docs/loading.md")]
