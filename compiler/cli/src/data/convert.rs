//! `snnc data convert`: events from one format to another.

use std::io::Read;
use std::path::Path;

use snn::event::{Events, Format, Options, Order};

use crate::args::data::{ConvertArgs, EventFormat, Reading};
use crate::report::{Failure, Result, print};
use crate::source::reason;
use crate::write::Files;

/// Reads a file and writes another.
pub fn convert(args: &ConvertArgs) -> Result<()> {
    let to = match args.to {
        Some(format) => format.into(),
        None => by_name(&args.output)?,
    };
    let events = read(&args.input, &args.reading)?;
    let mut files = Files::default();
    files.add(&args.output, events.view().to_bytes(to)?);
    files.commit()?;
    let (width, height) = (events.width(), events.height());
    let out = args.output.display();
    print(&format!("{out}: {} events of a sensor of {width} x {height}\n", events.len()))
}

/// Reads the events of a file; `-` is standard input.
pub fn read(path: &Path, reading: &Reading) -> Result<Events> {
    let order = if reading.sort { Order::Sort } else { Order::Strict };
    let options = Options { format: reading.from.map(Format::from), size: reading.size, order };
    if path != Path::new("-") {
        return Ok(Events::read(path, &options)?);
    }
    let mut bytes = Vec::new();
    let done = std::io::stdin().lock().read_to_end(&mut bytes);
    done.map_err(|why| format!("cannot read standard input: {}", reason(&why)))?;
    Ok(Events::from_bytes("<stdin>", &bytes, &options)?)
}

/// The format to write that a name says.
fn by_name(path: &Path) -> Result<Format> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("bin") => Ok(Format::Atis),
        Some("dat") => Ok(Format::Dat),
        Some("aedat") => Ok(Format::Aedat3),
        Some("raw") => Ok(Format::Evt2),
        Some("npz") => Ok(Format::Npz),
        _ => {
            let path = path.display();
            let message =
                "its name must end in .bin, .dat, .aedat, .raw or .npz, or `--to` name the format";
            Err(Failure::Message(format!("cannot write {path}: {message}")))
        }
    }
}

impl From<EventFormat> for Format {
    fn from(format: EventFormat) -> Self {
        match format {
            EventFormat::Atis => Format::Atis,
            EventFormat::Dat => Format::Dat,
            EventFormat::Aedat2 => Format::Aedat2,
            EventFormat::Aedat2Davis => Format::Aedat2Davis,
            EventFormat::Aedat3 => Format::Aedat3,
            EventFormat::Aedat4 => Format::Aedat4,
            EventFormat::Evt2 => Format::Evt2,
            EventFormat::Evt3 => Format::Evt3,
            EventFormat::Npy => Format::Npy,
            EventFormat::Npz => Format::Npz,
        }
    }
}
