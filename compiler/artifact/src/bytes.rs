//! An artifact as bytes: a mark, the SHA-256 of the rest, the manifest as JSON, the code as it is.

use std::borrow::Cow;

use crate::{ABI, Artifact, Code, Manifest, SCHEMA};
use sha2::{Digest, Sha256};

/// The first bytes; the number is the version of this form.
const MARK: &[u8; 8] = b"snnc-1\r\n";
/// The length of a SHA-256.
const HASH: usize = 32;

/// SHA-256 in hex: what artifacts are known by.
pub fn hash(bytes: impl AsRef<[u8]>) -> String {
    digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256.
pub fn digest(bytes: impl AsRef<[u8]>) -> [u8; HASH] {
    Sha256::digest(bytes).into()
}

impl Artifact {
    /// The artifact as bytes: for a file, or a part of a program.
    ///
    /// # Errors
    ///
    /// Where the manifest has no form as JSON.
    pub fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        encode(self)
    }

    /// The artifact of some bytes; `None` where they are damaged or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        decode(bytes)
    }
}

fn encode(artifact: &Artifact) -> serde_json::Result<Vec<u8>> {
    let manifest = serde_json::to_vec(&artifact.manifest)?;
    let (kind, code) = match &artifact.code {
        Code::Cpu(code) => (0, Cow::from(code)),
        Code::Ptx(texts) => (1, Cow::from(serde_json::to_vec(texts)?)),
        Code::Wgsl(text) => (2, Cow::from(text.as_bytes())),
    };
    let mut bytes = [&MARK[..], &[0; HASH], &(manifest.len() as u64).to_le_bytes()].concat();
    bytes.extend_from_slice(&manifest);
    bytes.push(kind);
    bytes.extend_from_slice(&code);
    let (head, body) = bytes.split_at_mut(MARK.len() + HASH);
    head[MARK.len()..].copy_from_slice(&Sha256::digest(body));
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Option<Artifact> {
    let rest = bytes.strip_prefix(MARK)?;
    let (hash, body) = rest.split_at_checked(HASH)?;
    if Sha256::digest(body)[..] != *hash {
        return None;
    }
    let (length, body) = body.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (manifest, body) = body.split_at_checked(length)?;
    let manifest: Manifest = serde_json::from_slice(manifest).ok()?;
    if (manifest.schema, manifest.abi) != (SCHEMA, ABI) {
        return None;
    }
    let (kind, code) = body.split_first()?;
    let code = match kind {
        0 => Code::Cpu(code.to_vec()),
        1 => Code::Ptx(serde_json::from_slice(code).ok()?),
        2 => Code::Wgsl(String::from_utf8(code.to_vec()).ok()?),
        _ => return None,
    };
    Some(Artifact { manifest, code })
}
