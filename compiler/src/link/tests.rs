use object::{Object, ObjectSection, ObjectSymbol};
use snn_artifact::{Artifact, Code, Target};

use super::{Format, header, object};
use crate::check::{NoImports, Specialization};
use crate::error::EmitError;
use crate::pipeline::{self, Options, Source};

const LIF: &str = include_str!("../../../stdlib/neurons/lif.snn");

fn artifact(level: &str) -> Artifact {
    let source = Source { name: "lif.snn", text: LIF };
    let wanted = Specialization { learn: vec!["tau".into()], ..Specialization::default() };
    let front = pipeline::front(source, &wanted, &NoImports).unwrap();
    let options = Options::new(Target::Cpu { level: level.into() });
    pipeline::back(&front.neuron, &options, "0".into()).unwrap()
}

#[test]
fn the_file_holds_the_same_bytes() {
    for level in ["x86-64-v2", "x86-64-v3", "aarch64"] {
        let artifact = artifact(level);
        let Code::Cpu(code) = &artifact.code else { panic!("not machine code") };
        for (name, format) in Format::ALL {
            let bytes = object(&artifact, format).unwrap();
            assert_eq!(bytes, object(&artifact, format).unwrap(), "{level}, {name}");
            let file = object::File::parse(&bytes[..]).unwrap();
            let sections = file.sections().filter(|s| s.kind() == object::SectionKind::Text);
            let text = sections.map(|s| s.data().unwrap().to_vec()).next().unwrap();
            assert_eq!(text[..code.len()], code[..], "{level}, {name}");
            assert!(file.sections().all(|s| s.relocations().next().is_none()));
            let mangled = if format == Format::MachO { "_Lif_backward" } else { "Lif_backward" };
            let symbol = file.symbols().find(|s| s.name() == Ok(mangled)).unwrap();
            let offset = artifact.manifest.entries["backward"].offset;
            assert_eq!((symbol.address(), symbol.is_global()), (offset, true), "{level}, {name}");
        }
    }
}

#[test]
fn the_header_of_lif() {
    let mut artifact = artifact("x86-64-v3");
    artifact.manifest.compiler = "0.0.0".into();
    insta::assert_snapshot!(header(&artifact).unwrap());
}

#[test]
fn other_targets_have_none() {
    let mut artifact = artifact("x86-64-v3");
    artifact.code = Code::Wgsl(String::new());
    artifact.manifest.target = Target::Wgsl;
    assert!(matches!(object(&artifact, Format::Elf), Err(EmitError::Unsupported(_))));
    insta::assert_snapshot!(
        header(&artifact).unwrap_err().to_string(),
        @"wgsl cannot do object files and C headers; take the target cpu, or launch the code as docs/abi.md says"
    );
}

#[test]
fn formats_have_names() {
    for (name, format) in Format::ALL {
        assert_eq!(name.parse(), Ok(format));
    }
    assert!("a.out".parse::<Format>().is_err());
}
