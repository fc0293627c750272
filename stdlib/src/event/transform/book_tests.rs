#![doc = include_str!("../../../../docs/transforms.md")]
