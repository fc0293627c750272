//! The files of a compilation: the main one, and those it imports.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use crate::ast;
use crate::ast::{ItemKind, Module, Name};
use crate::check::builtins;
use crate::check::items::{CHECKED_SURROGATES, FUNCTION_MODULE, Home, Items};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::span::{FileId, Source, SourceMap, Span};

/// Finds the text of an imported file. The compiler itself reads nothing.
pub trait Resolver {
    /// The name and the text of what `path` means in the file `from`.
    ///
    /// # Errors
    ///
    /// Why there is no such file, in words that fit behind "cannot import it: ".
    fn resolve(&self, path: &str, from: &Source) -> Result<(String, String), String>;
}

/// A resolver for programs of one file.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoImports;

impl Resolver for NoImports {
    fn resolve(&self, _: &str, _: &Source) -> Result<(String, String), String> {
        Err("imports are not available here".into())
    }
}

/// A file and those it imports, by their numbers.
pub struct Loaded<'m> {
    /// Its tree.
    pub module: std::borrow::Cow<'m, Module>,
    /// What it imports: the file, and where the import stands.
    pub imports: Vec<(Home, Span)>,
}

struct Loader<'m, 'r> {
    files: Vec<Loaded<'m>>,
    by_name: HashMap<String, Home>,
    /// The names of the files being read, each with the import that asked for it.
    open: Vec<(String, Option<Span>)>,
    sources: &'r mut SourceMap,
    resolver: &'r dyn Resolver,
    diagnostics: Diagnostics,
}

/// Reads a module's imports. The prelude is file 0, the module file 1.
pub fn load<'m>(
    module: &'m Module,
    sources: &mut SourceMap,
    resolver: &dyn Resolver,
) -> (Vec<Loaded<'m>>, Diagnostics) {
    let prelude =
        Loaded { module: std::borrow::Cow::Borrowed(&*FUNCTION_MODULE), imports: Vec::new() };
    let main = Loaded { module: std::borrow::Cow::Borrowed(module), imports: Vec::new() };
    let name = sources.get(module.file).map(|source| source.name.clone()).unwrap_or_default();
    let mut loader = Loader {
        files: vec![prelude, main],
        by_name: HashMap::from([(name.clone(), 1)]),
        open: vec![(name, None)],
        sources,
        resolver,
        diagnostics: Vec::new(),
    };
    loader.imports_of(1);
    (loader.files, loader.diagnostics)
}

impl Loader<'_, '_> {
    fn imports_of(&mut self, home: Home) {
        let file = self.files[home].module.file;
        let items = self.files[home].module.items.iter();
        let imports: Vec<Name> = items
            .filter_map(|item| match &item.kind {
                ItemKind::Import(path) => Some(path.clone()),
                _ => None,
            })
            .collect();
        for path in imports {
            if let Some(imported) = self.import(&path, file) {
                self.files[home].imports.push((imported, path.span));
            }
        }
    }

    fn import(&mut self, path: &Name, file: FileId) -> Option<Home> {
        let from = self.sources.get(file)?;
        let (name, text) = match self.resolver.resolve(path.text.trim_matches('"'), from) {
            Ok(found) => found,
            Err(why) => {
                let message = format!("cannot import {}: {why}", path.text);
                self.diagnostics.push(Diagnostic::new(
                    "E0110",
                    path.span,
                    message,
                    "imported here",
                ));
                return None;
            }
        };
        if let Some(at) = self.open.iter().position(|(open, _)| *open == name) {
            self.cycle(path, at);
            return None;
        }
        if let Some(&home) = self.by_name.get(&name) {
            return Some(home);
        }
        let id = self.sources.add(name.clone(), text);
        let (module, findings) = ast::parse(self.sources.get(id)?);
        self.diagnostics.extend(findings);
        let home = self.files.len();
        self.files.push(Loaded { module: std::borrow::Cow::Owned(module), imports: Vec::new() });
        self.by_name.insert(name.clone(), home);
        self.open.push((name, Some(path.span)));
        self.imports_of(home);
        self.open.pop();
        Some(home)
    }

    fn cycle(&mut self, path: &Name, at: usize) {
        let message = format!("{} imports itself", self.open[at].0);
        let mut finding = Diagnostic::new("E0111", path.span, message, "imported again here");
        for (name, import) in &self.open[at + 1..] {
            if let Some(import) = import {
                finding = finding.because(*import, format!("{name} is imported here"));
            }
        }
        self.diagnostics.push(finding);
    }
}

/// What each file can name, and the findings about names that clash.
pub fn gather<'a>(files: &'a [Loaded<'_>]) -> (Vec<Items<'a>>, Diagnostics) {
    let mut diagnostics = Vec::new();
    let all = files
        .iter()
        .enumerate()
        .map(|(home, file)| {
            let mut items = Items::default();
            items.add(&file.module, home);
            if home > 0 {
                clashes(files, home, &mut diagnostics);
            }
            for (imported, _) in &file.imports {
                items.add(&files[*imported].module, *imported);
            }
            items.add(&files[0].module, 0);
            items
        })
        .collect();
    (all, diagnostics)
}

/// The name of an item, and the namespace it is in.
fn item_name(item: &ast::Item) -> Option<(&'static str, &Name)> {
    match &item.kind {
        ItemKind::Const(constant) => Some(("const", &constant.name)),
        ItemKind::Function(function) => Some(("function", &function.name)),
        ItemKind::Surrogate(surrogate) => Some(("surrogate", &surrogate.name)),
        ItemKind::Neuron(neuron) => Some(("neuron", &neuron.name)),
        _ => None,
    }
}

fn clashes(files: &[Loaded<'_>], home: Home, diagnostics: &mut Diagnostics) {
    let mut known: HashMap<(&str, &str), Span> = HashMap::new();
    let file = &files[home];
    for (space, name) in file.module.items.iter().filter_map(item_name) {
        if is_prelude(space, &name.text, &files[0].module) {
            let message = format!("`{}` is a {space} of the prelude", name.text);
            let finding = Diagnostic::new("E0105", name.span, message, "cannot be declared again")
                .help("give yours another name");
            diagnostics.push(finding);
        } else if super::checker::RESERVED.contains(&name.text.as_str()) {
            let message = format!("`{}` is a name of the language", name.text);
            diagnostics.push(Diagnostic::new("E0105", name.span, message, "cannot be declared"));
        } else if let Some(before) = known.insert((space, &name.text), name.span) {
            let message = format!("the {space} `{}` is declared twice", name.text);
            let finding = Diagnostic::new("E0104", name.span, message, "declared again here")
                .because(before, "declared here already");
            diagnostics.push(finding);
        }
    }
    for (imported, import) in &file.imports {
        for (space, name) in files[*imported].module.items.iter().filter_map(item_name) {
            match known.insert((space, &name.text), name.span) {
                Some(before) if before != name.span => {
                    let message = format!("this import brings a second {space} `{}`", name.text);
                    let finding = Diagnostic::new("E0104", *import, message, "imported here")
                        .because(before, "the first")
                        .because(name.span, "the second");
                    diagnostics.push(finding);
                }
                _ => {}
            }
        }
    }
}

fn is_prelude(space: &str, name: &str, prelude: &Module) -> bool {
    let has = |item: &ast::Item| item_name(item).is_some_and(|(_, known)| known.text == name);
    match space {
        "function" => builtins::find(name).is_some() || prelude.items.iter().any(has),
        "surrogate" => CHECKED_SURROGATES.iter().any(|surrogate| surrogate.name == name),
        _ => false,
    }
}

/// The words in text that does not parse. What they stand for is not known, and no finding either.
pub fn poisoned(files: &[Loaded<'_>], sources: &SourceMap) -> HashSet<String> {
    let mut words = HashSet::new();
    for span in files.iter().flat_map(|file| &file.module.bad) {
        let source = sources.get(span.file);
        let text = source.map_or("", |source| &source.text[span.range()]);
        words.extend(
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(str::to_owned),
        );
    }
    words
}

/// The path without `.` and without `name/..`, so that a file has one name however it is reached.
pub fn clean_path(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        let above = matches!(clean.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::CurDir => {}
            Component::ParentDir if above => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_name() {
        for (path, expected) in [
            ("./a.snn", "a.snn"),
            ("b/../a.snn", "a.snn"),
            ("../a.snn", "../a.snn"),
            ("../b/./../a.snn", "../a.snn"),
            ("/b/../../a.snn", "/../a.snn"),
        ] {
            assert_eq!(clean_path(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
