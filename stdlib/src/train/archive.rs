//! The file of a checkpoint: tensors as safetensors, the rest as JSON beside them, and a checksum over all of it.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use safetensors::tensor::TensorView;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::exact;
use super::progress::Metrics;
use crate::error::{Error, Result};
use crate::files::failed;
use crate::nn::StateDict;
use crate::nn::safetensors::{self as files, Bytes};

/// The version of what checkpoints hold.
const VERSION: u32 = 1;

/// The names of the texts beside the tensors.
const ABOUT: &str = "snn.checkpoint";
const CHECKSUM: &str = "snn.sha256";

/// What is known of a checkpoint beside its tensors.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct About {
    /// How many steps were done.
    pub(super) step: u64,
    /// The numbers that it may be the best by.
    #[serde(with = "exact::map")]
    pub(super) metrics: Metrics,
    /// The modules of the network with their paths.
    pub(super) network: Vec<(String, String)>,
    /// The optimizer's method, without its rate.
    pub(super) optimizer: String,
    #[serde(with = "exact")]
    pub(super) rate: f64,
    /// Whether there is loss scaling.
    pub(super) scales: bool,
    /// What the loop goes on from, in its own words.
    pub(super) progress: Value,
}

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u32,
    #[serde(flatten)]
    about: T,
}

/// Writes a checkpoint as a whole or not at all.
pub(super) fn write(path: &Path, tensors: &StateDict, about: &About) -> Result<()> {
    let text =
        serde_json::to_string(&Versioned { version: VERSION, about }).map_err(failed(path))?;
    let views = files::views(tensors)?;
    let sum = checksum(&text, views.iter().map(|(name, bytes)| (*name, bytes)));
    let texts = HashMap::from([(ABOUT.to_string(), text), (CHECKSUM.to_string(), sum)]);
    files::write(&views, Some(texts), path)
}

/// Reads a checkpoint that is whole, undamaged and of this version.
pub(super) fn read(path: &Path) -> Result<(StateDict, About)> {
    let bytes = fs::read(path).map_err(failed(path))?;
    let file = files::parse(&bytes, path)?;
    let texts = texts(&bytes, path)?;
    let about = about(&texts, path)?;
    let views: BTreeMap<String, TensorView> = file.tensors().into_iter().collect();
    let bytes = views.iter().map(|(name, view)| {
        let (shape, data) = (view.shape().to_vec(), view.data().into());
        (name.as_str(), Bytes { dtype: view.dtype(), shape, data })
    });
    if texts.get(CHECKSUM) != Some(&checksum(&texts[ABOUT], bytes)) {
        return Err(failed(path)("this checkpoint is damaged: its checksum is another"));
    }
    Ok((files::tensors(&file)?, about))
}

/// Reads what is known of a checkpoint, without its tensors and so without its checksum.
pub(super) fn read_about(path: &Path) -> Result<About> {
    let mut head = [0; 8];
    let mut file = File::open(path).map_err(failed(path))?;
    file.read_exact(&mut head).map_err(failed(path))?;
    let mut bytes = head.to_vec();
    file.take(u64::from_le_bytes(head)).read_to_end(&mut bytes).map_err(failed(path))?;
    about(&texts(&bytes, path)?, path)
}

/// The texts in the header that a file begins with.
fn texts(bytes: &[u8], path: &Path) -> Result<HashMap<String, String>> {
    #[derive(Deserialize)]
    struct Header {
        #[serde(default, rename = "__metadata__")]
        texts: HashMap<String, String>,
    }
    let wrong = || failed(path)("this is no whole file of safetensors");
    let (length, rest) = bytes.split_first_chunk().ok_or_else(wrong)?;
    let header = rest.get(..u64::from_le_bytes(*length) as usize).ok_or_else(wrong)?;
    let header: Header = serde_json::from_slice(header).map_err(|_| wrong())?;
    Ok(header.texts)
}

fn about(texts: &HashMap<String, String>, path: &Path) -> Result<About> {
    let text = texts.get(ABOUT).ok_or_else(|| {
        failed(path)("this is a file of safetensors, but no checkpoint of a training")
    })?;
    let unread = |why: serde_json::Error| failed(path)(format!("its text cannot be read: {why}"));
    let Versioned { version, about } =
        serde_json::from_str::<Versioned<Value>>(text).map_err(unread)?;
    if version != VERSION {
        let why = format!("it is of version {version}, and {VERSION} can be read");
        return Err(Error::Checkpoint { path: path.display().to_string(), why });
    }
    serde_json::from_value(about).map_err(unread)
}

/// SHA-256 over the text and all tensors by name, each part with its length.
fn checksum<'a>(
    text: &str,
    tensors: impl Iterator<Item = (&'a str, impl Borrow<Bytes<'a>>)>,
) -> String {
    let mut sum = Sha256::new();
    let mut add = |part: &[u8]| {
        sum.update((part.len() as u64).to_le_bytes());
        sum.update(part);
    };
    add(text.as_bytes());
    for (name, bytes) in tensors {
        let Bytes { dtype, shape, data } = bytes.borrow();
        add(name.as_bytes());
        add(format!("{dtype:?} {shape:?}").as_bytes());
        add(data);
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
