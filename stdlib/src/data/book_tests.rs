#![doc = include_str!("../../../docs/adding-a-dataset.md")]
