//! The items that a file can name: its own, those of the files it imports, and the prelude's.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use crate::ast;
use crate::ast::ItemKind;
use crate::check::checker::Checker;
use crate::check::tree::Surrogate;
use crate::span::{FileId, Source};

/// The prelude's functions.
pub static FUNCTIONS: LazyLock<Source> = LazyLock::new(|| Source {
    id: FileId::PRELUDE_FUNCTIONS,
    name: "<prelude/functions.snn>".into(),
    text: include_str!("../prelude/functions.snn").into(),
});

/// The prelude's surrogates.
pub static SURROGATES: LazyLock<Source> = LazyLock::new(|| Source {
    id: FileId::PRELUDE_SURROGATES,
    name: "<prelude/surrogates.snn>".into(),
    text: include_str!("../prelude/surrogates.snn").into(),
});

/// The prelude's functions as a tree.
pub static FUNCTION_MODULE: LazyLock<ast::Module> = LazyLock::new(|| ast::parse(&FUNCTIONS).0);

static SURROGATE_MODULE: LazyLock<ast::Module> = LazyLock::new(|| ast::parse(&SURROGATES).0);

/// The prelude's surrogates, checked once a process.
pub static CHECKED_SURROGATES: LazyLock<Arc<Vec<Surrogate>>> = LazyLock::new(|| {
    let items = [Items::default()];
    let mut checker = Checker::new(&items, Arc::default(), HashSet::new());
    checker.check_surrogates(&SURROGATE_MODULE, 0);
    debug_assert!(checker.diagnostics.is_empty(), "{:?}", checker.diagnostics);
    Arc::new(checker.surrogates)
});

/// The number of a file among those of a compilation; the prelude is 0 and the main file 1.
pub type Home = usize;

/// Functions, constants and surrogates by name, each with the file whose names its text uses.
#[derive(Debug, Default)]
pub struct Items<'a> {
    /// The functions.
    pub functions: HashMap<&'a str, (Home, &'a ast::Function)>,
    /// The constants.
    pub constants: HashMap<&'a str, (Home, &'a ast::Const)>,
    /// The surrogates.
    pub surrogates: HashMap<&'a str, (Home, &'a ast::Surrogate)>,
}

impl<'a> Items<'a> {
    /// Adds a file's items; the first of a name stays.
    pub fn add(&mut self, module: &'a ast::Module, home: Home) {
        for item in &module.items {
            match &item.kind {
                ItemKind::Function(f) => {
                    self.functions.entry(&f.name.text).or_insert((home, f));
                }
                ItemKind::Const(c) => {
                    self.constants.entry(&c.name.text).or_insert((home, c));
                }
                ItemKind::Surrogate(s) => {
                    self.surrogates.entry(&s.name.text).or_insert((home, s));
                }
                _ => {}
            }
        }
    }
}
