//! Numbers as text in JSON, which has neither infinities nor NaN.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

pub(super) fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(number)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

/// The same for numbers by name.
pub(super) mod map {
    use super::*;

    pub(in crate::train) fn serialize<S: Serializer>(
        numbers: &BTreeMap<String, f64>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let texts = numbers.iter().map(|(name, number)| (name, number.to_string()));
        texts.collect::<BTreeMap<_, _>>().serialize(to)
    }

    pub(in crate::train) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<String, f64>, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(from)?;
        let number = |(name, text): (String, String)| Ok((name, text.parse()?));
        let numbers: Result<_, std::num::ParseFloatError> = texts.into_iter().map(number).collect();
        numbers.map_err(D::Error::custom)
    }
}
