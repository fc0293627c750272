//! The arguments of `snnc data`.

// Without data sets the command says so, and looks at none of them.
#![cfg_attr(not(feature = "data"), allow(dead_code))]

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What can be done with data sets.
#[derive(Subcommand)]
pub enum DataCommand {
    /// List the sets, a line each
    List(ListArgs),
    /// Say all about a set: samples, classes, licence, what to cite, where its files are had
    Info(InfoArgs),
    /// Download and unpack what is published of a set
    Download(FetchArgs),
    /// Make the samples of a set, with a download where that is needed
    Prepare(FetchArgs),
    /// Hold all prepared samples of a set against their checksums
    Verify(SetArgs),
    /// Draw some samples of a prepared set, or a file of events
    Show(ShowArgs),
    /// Write the events of a file into one of another format
    Convert(ConvertArgs),
}

/// Arguments of `data list`.
#[derive(Args)]
pub struct ListArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The folder of all sets: SNN_DATA, or snn/data in the platform's folder for caches by default
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
}

/// A set.
#[derive(Args)]
pub struct SetArgs {
    /// The set's name, as `snnc data list` has it
    pub name: String,
    /// What belongs to it.
    #[command(flatten)]
    pub choice: Choice,
}

/// Which one of a set is meant, and where it is.
#[derive(Args)]
pub struct Choice {
    /// The folder of all sets: SNN_DATA, or snn/data in the platform's folder for caches by default
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Simulated sets: how many images or subjects there are to train with
    #[arg(long, value_name = "N")]
    pub train: Option<usize>,
    /// Simulated sets: how many images or subjects there are to test with
    #[arg(long, value_name = "N")]
    pub test: Option<usize>,
    /// Simulated sets: where random numbers start, 0 by default
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
}

/// Arguments of `data info`.
#[derive(Args)]
pub struct InfoArgs {
    /// The set.
    #[command(flatten)]
    pub set: SetArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `data download` and `data prepare`.
#[derive(Args)]
pub struct FetchArgs {
    /// The set.
    #[command(flatten)]
    pub set: SetArgs,
    /// A folder with files that you have already: published files of the set, or the images of a simulated one
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Download nothing
    #[arg(long)]
    pub offline: bool,
}

/// Arguments of `data show`.
#[derive(Args)]
pub struct ShowArgs {
    /// The name of a set that is prepared, or a file of events
    #[arg(value_name = "NAME|FILE")]
    pub what: String,
    /// Which one of a set.
    #[command(flatten)]
    pub choice: Choice,
    /// The picture: .png or .svg, or .gif that moves; NAME.png by default
    #[arg(short, long, value_name = "PICTURE")]
    pub out: Vec<PathBuf>,
    /// A set: the split
    #[arg(long, default_value = "train")]
    pub split: String,
    /// A set: how many samples, of as many classes as there are
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub samples: usize,
    /// How many frames a sample is cut into, by time: 8, and 40 in a picture that moves, by default
    #[arg(long, value_name = "T")]
    pub frames: Option<usize>,
    /// How a file is read.
    #[command(flatten)]
    pub reading: Reading,
}

/// How a file of events is read.
#[derive(Args)]
pub struct Reading {
    /// A file: its format; what it begins with or its name says so by default
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub from: Option<EventFormat>,
    /// A file: width and height of the sensor; what the file says by default, or the least that holds all events
    #[arg(long, value_name = "WxH", value_parser = size)]
    pub size: Option<(u16, u16)>,
    /// A file: sort events whose times go back
    #[arg(long)]
    pub sort: bool,
}

/// Arguments of `data convert`.
#[derive(Args)]
pub struct ConvertArgs {
    /// The file to read; `-` is standard input
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// The file to write
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// How it is read.
    #[command(flatten)]
    pub reading: Reading,
    /// The format to write: by the name's ending by default, .aedat being aedat3 and .raw evt2
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub to: Option<EventFormat>,
}

/// The formats of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventFormat {
    /// .bin of an ATIS, as of N-MNIST
    Atis,
    /// .dat of Prophesee
    Dat,
    /// .aedat of jAER, of a DVS128
    Aedat2,
    /// .aedat of jAER, of a DAVIS
    Aedat2Davis,
    /// .aedat of cAER, version 3.1
    Aedat3,
    /// .aedat4 of DV; read only
    Aedat4,
    /// .raw of Prophesee, EVT 2.0
    Evt2,
    /// .raw of Prophesee, EVT 3.0; read only
    Evt3,
    /// .npy with fields, as Tonic has; read only
    Npy,
    /// .npz of arrays, as SpikingJelly has
    Npz,
}

/// `WxH`.
fn size(text: &str) -> Result<(u16, u16), String> {
    let sizes = text.split_once('x').map(|(w, h)| (w.parse().ok(), h.parse().ok()));
    match sizes {
        Some((Some(width), Some(height))) if width > 0 && height > 0 => Ok((width, height)),
        _ => Err("write WxH, width and height in pixels, such as 128x128".into()),
    }
}
