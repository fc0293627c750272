//! An explanation as text and as JSON.

use std::fmt;

use serde_json::{Value, json};

use super::{Bound, Explanation, Limit, Line, Term};
use crate::check::Solved;
use crate::kernel::Count;
use crate::saves::{Report, Strategy};

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "neuron {}", self.neuron)?;
        for (i, (name, value)) in self.options.iter().enumerate() {
            write!(f, "{} {name} = {value}", if i == 0 { ":" } else { "," })?;
        }
        for solved in &self.solved {
            write!(f, "\nequations of {solved}")?;
        }
        writeln!(
            f,
            "\n\nBackward, by the line that it belongs to; it runs from the last line up\n"
        )?;
        self.lines.iter().try_for_each(|line| write_line(f, line))?;
        write_saves(f, &self.saves)?;
        write_work(f, &self.plain, &self.saves.chosen)?;
        write_products(f, self.products)?;
        if self.can_scan {
            let how = "with --schedule scan, segments of time run side by side";
            writeln!(f, "Its states are sums of those a step before: {how}\n")?;
        }
        write_bound(f, &self.bound)
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, line: &Line) -> fmt::Result {
    writeln!(f, "{}:{}: {}", line.file, line.number, line.text)?;
    for Term { name, value, rules } in &line.terms {
        writeln!(f, "    {name} = {value}")?;
        if !rules.is_empty() {
            writeln!(f, "        by {}", rules.join("; "))?;
        }
    }
    writeln!(f)
}

fn write_saves(f: &mut fmt::Formatter<'_>, saves: &Report) -> fmt::Result {
    writeln!(
        f,
        "Saved for backward, in bytes an element and step, with --save {}\n",
        saves.chosen.save
    )?;
    let of_steps: f64 = saves.saved.iter().fold(0.0, |sum, entry| sum + entry.bytes);
    for entry in &saves.saved {
        let (name, bytes, bits) = (&entry.name, entry.bytes, entry.width.bits());
        let unit = if bits == 1 { "bit" } else { "bits" };
        writeln!(f, "    {name}: {bytes}, in {bits} {unit}; {}", entry.why)?;
    }
    if saves.saved.is_empty() {
        writeln!(f, "    nothing of a step: {}", nothing(saves))?;
    }
    if !saves.borders.is_empty() {
        let (names, bytes) = (saves.borders.join(", "), saves.chosen.forward.saved - of_steps);
        let chunk = saves.chunk;
        writeln!(
            f,
            "    {names} at the start of each chunk of {chunk} steps but the first: {bytes}"
        )?;
    }
    for other in &saves.alternatives {
        let Strategy { save, forward, backward } = other;
        let (saved, moved) = (forward.saved, forward.bytes + backward.bytes);
        let operations = forward.operations + backward.operations;
        writeln!(f, "    with --save {save}: {saved}; moved {moved}, {operations} operations")?;
    }
    writeln!(f)
}

fn nothing(saves: &Report) -> &'static str {
    if saves.borders.is_empty() {
        "backward needs no value of it"
    } else {
        "to compute it again costs less than to keep it"
    }
}

fn write_work(f: &mut fmt::Formatter<'_>, plain: &Strategy, simple: &Strategy) -> fmt::Result {
    writeln!(f, "An element and step, plain -> simplified\n")?;
    for (pass, plain, simple) in [
        ("forward", &plain.forward, &simple.forward),
        ("backward", &plain.backward, &simple.backward),
    ] {
        let each = COUNTED.map(|(what, of)| format!("{what} {}", change(of(plain), of(simple))));
        writeln!(f, "    {pass}: {}", each.join(", "))?;
    }
    writeln!(f, "    operations are with functions written out\n")
}

/// What a kernel does, by its name.
type Counted = (&'static str, fn(&Count) -> f64);

const COUNTED: [Counted; 4] = [
    ("bytes", |count| count.bytes),
    ("operations", |count| count.operations as f64),
    ("functions", |count| count.functions as f64),
    ("divisions", |count| count.divisions as f64),
];

fn change(plain: f64, simple: f64) -> String {
    if plain == simple { plain.to_string() } else { format!("{plain} -> {simple}") }
}

/// Products count apart: how long they take depends on how many steps there are.
fn write_products(f: &mut fmt::Formatter<'_>, [forward, backward]: [usize; 2]) -> fmt::Result {
    if forward == 0 {
        return Ok(());
    }
    writeln!(
        f,
        "    beside them products over time, of T multiplications an element and step each: {forward} \
         in forward, {backward} in backward\n"
    )
}

fn write_bound(f: &mut fmt::Formatter<'_>, bound: &Bound) -> fmt::Result {
    let Bound { needed, moved, operations, balance, share, limit } = bound;
    let by = match limit {
        Limit::Memory => "bytes moved",
        Limit::Arithmetic => "operations",
    };
    writeln!(
        f,
        "Forward and backward should reach {share:.2} of a copy's bandwidth, held back by {by}\n"
    )?;
    writeln!(
        f,
        "    {needed} bytes are needed, {moved} are moved; {operations} operations take as long as {} \
         bytes, {} each",
        (*operations as f64 * balance.0).round(),
        balance.0
    )
}

impl Explanation {
    /// The same as data.
    pub fn to_json(&self) -> Value {
        let options = self.options.iter().map(|(name, value)| (name.clone(), json!(value)));
        json!({
            "neuron": self.neuron,
            "options": Value::Object(options.collect()),
            "equations": self.solved.iter().map(solved).collect::<Vec<_>>(),
            "lines": self.lines.iter().map(line).collect::<Vec<_>>(),
            "saves": saves(&self.saves),
            "products": self.products,
            "can_scan": self.can_scan,
            "plain": strategy(&self.plain),
            "simplified": strategy(&self.saves.chosen),
            "bound": bound(&self.bound),
        })
    }
}

fn solved(solved: &Solved) -> Value {
    json!({ "states": solved.states, "method": solved.method.word() })
}

fn line(line: &Line) -> Value {
    let term = |Term { name, value, rules }: &Term| json!({ "name": name, "value": value, "rules": rules });
    let terms: Vec<Value> = line.terms.iter().map(term).collect();
    json!({ "file": line.file, "line": line.number, "text": line.text, "terms": terms })
}

fn saves(saves: &Report) -> Value {
    let entry = |entry: &crate::saves::Entry| {
        json!({
            "name": entry.name, "bits": entry.width.bits(), "bytes": entry.bytes,
            "why": entry.why.to_string(),
        })
    };
    json!({
        "values": saves.saved.iter().map(entry).collect::<Vec<_>>(),
        "borders": saves.borders,
        "chunk": saves.chunk,
        "alternatives": saves.alternatives.iter().map(strategy).collect::<Vec<_>>(),
    })
}

fn strategy(strategy: &Strategy) -> Value {
    let count = |count: &Count| {
        json!({
            "bytes": count.bytes, "saved": count.saved, "operations": count.operations,
            "functions": count.functions, "divisions": count.divisions,
        })
    };
    let Strategy { save, forward, backward } = strategy;
    json!({ "save": save.to_string(), "forward": count(forward), "backward": count(backward) })
}

fn bound(bound: &Bound) -> Value {
    let limit = match bound.limit {
        Limit::Memory => "memory",
        Limit::Arithmetic => "arithmetic",
    };
    json!({
        "needed": bound.needed, "moved": bound.moved, "operations": bound.operations,
        "bytes_per_operation": bound.balance.0, "share": bound.share, "limit": limit,
    })
}
