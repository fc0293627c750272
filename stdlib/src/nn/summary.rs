//! A network as a table.

use std::fmt;

use super::module::Module;
use super::tree::walk;

/// A row for each module of a network.
#[derive(Clone, Debug)]
pub struct Summary {
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    path: String,
    /// With its settings.
    kind: String,
    shapes: String,
    n_params: usize,
    rate: Option<f64>,
}

/// What a network is made of: kinds, settings, the shapes of params, how many there are, and the firing rates of
/// the last call, for which it waits.
pub fn summary(module: &dyn Module) -> Summary {
    let mut rows = Vec::new();
    walk(module, &mut |path, module| {
        let params = module.params();
        let shape = |(name, tensor): &(String, &tch::Tensor)| format!("{name} {:?}", tensor.size());
        rows.push(Row {
            path: if path.is_empty() { "network".into() } else { path.into() },
            kind: module.node().to_string(),
            shapes: params.iter().map(shape).collect::<Vec<_>>().join(", "),
            n_params: params.iter().map(|(_, tensor)| tensor.numel()).sum(),
            rate: module.firing_rate(),
        });
    });
    Summary { rows }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["module", "kind", "params", "learnt", "firing rate"].map(String::from);
        let rate =
            |rate: Option<f64>| rate.map_or(String::new(), |rate| format!("{:.2} %", rate * 100.0));
        let cells = |row: &Row| {
            [
                row.path.clone(),
                row.kind.clone(),
                row.n_params.to_string(),
                row.shapes.clone(),
                rate(row.rate),
            ]
        };
        let all: Vec<[String; 5]> =
            std::iter::once(head).chain(self.rows.iter().map(cells)).collect();
        let width = |i: usize| all.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..5).map(width).collect();
        for [path, kind, params, learnt, rate] in &all {
            let [a, b, c, d, _] = widths[..] else { continue };
            let line = format!("{path:a$}  {kind:b$}  {params:>c$}  {learnt:d$}  {rate}");
            writeln!(f, "{}", line.trim_end())?;
        }
        let total: usize = self.rows.iter().map(|row| row.n_params).sum();
        writeln!(f, "{total} params")
    }
}
