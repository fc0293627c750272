//! The object file: one section with the code as it is, and a symbol for each entry.

use std::str::FromStr;

use object::write::{Object, Symbol, SymbolSection};
use object::{Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags};
use object::{SymbolKind, SymbolScope};
use snn_artifact::Artifact;

use super::symbol;
use crate::error::{Bug, EmitError, Unsupported};

/// The form of an object file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Linux and most others.
    Elf,
    /// macOS.
    MachO,
    /// Windows.
    Coff,
}

impl Format {
    /// All forms with their names.
    pub const ALL: [(&'static str, Format); 3] =
        [("elf", Format::Elf), ("macho", Format::MachO), ("coff", Format::Coff)];

    fn binary(self) -> BinaryFormat {
        match self {
            Format::Elf => BinaryFormat::Elf,
            Format::MachO => BinaryFormat::MachO,
            Format::Coff => BinaryFormat::Coff,
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        let names = || Self::ALL.map(|(name, _)| name).join(", ");
        let unknown = || format!("there is no object format `{name}`; there are {}", names());
        found.map(|(_, format)| *format).ok_or_else(unknown)
    }
}

/// Entries begin at multiples of this in the code, and so in the file.
const ALIGN: u64 = 64;

/// An object file with the code of an artifact. The same artifact gives the same bytes.
///
/// # Errors
///
/// `Unsupported` for code that is not for a CPU, or for one that has no object files here.
pub fn object(artifact: &Artifact, format: Format) -> Result<Vec<u8>, EmitError> {
    let (code, level) = super::code(artifact)?;
    let mut file = Object::new(format.binary(), architecture(level)?, Endianness::Little);
    let text = file.section_id(object::write::StandardSection::Text);
    file.append_section_data(text, code, ALIGN);
    let manifest = &artifact.manifest;
    let mut entries: Vec<_> = manifest.entries.iter().map(|(name, e)| (e.offset, name)).collect();
    entries.sort_unstable();
    for (i, &(offset, name)) in entries.iter().enumerate() {
        let end = entries.get(i + 1).map_or(code.len() as u64, |next| next.0);
        file.add_symbol(function(
            symbol(manifest, name),
            offset,
            end,
            SymbolSection::Section(text),
        ));
    }
    if format == Format::Elf {
        // Says that the code asks for no executable stack; without it some linkers give one.
        file.add_section(Vec::new(), b".note.GNU-stack".to_vec(), SectionKind::Other);
    }
    Ok(file.write().map_err(|error| Bug(format!("the object file: {error}")))?)
}

fn function(name: String, begin: u64, end: u64, section: SymbolSection) -> Symbol {
    Symbol {
        name: name.into_bytes(),
        value: begin,
        size: end.saturating_sub(begin),
        kind: SymbolKind::Text,
        scope: SymbolScope::Linkage,
        weak: false,
        section,
        flags: SymbolFlags::None,
    }
}

fn architecture(level: &str) -> Result<Architecture, Unsupported> {
    match level {
        "aarch64" => Ok(Architecture::Aarch64),
        _ if level.starts_with("x86-64") => Ok(Architecture::X86_64),
        _ => Err(Unsupported {
            target: "cpu",
            what: format!("object files for the level `{level}`"),
            instead: "choose x86-64-v2, x86-64-v3 or aarch64".into(),
        }),
    }
}
