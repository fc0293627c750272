#![doc = include_str!("../../docs/training.md")]
