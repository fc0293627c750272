//! Networks that remember: an image is shown column by column, and what the first columns were is kept by the
//! neurons alone, by what they said a step before, or by synapses that filter spikes.

use clap::{Parser, ValueEnum};
use snn::layer::{
    ElementWise, ElementWiseRecurrent, Linear, LinearRecurrent, Neuron, Sequential, synapse_filter,
};
use snn::neuron::{If, Surrogate};
use snn_examples::images::{self, Failure};
use snn_examples::training::{self, Settings};

/// Trains networks with and without feedback on Fashion-MNIST, shown column by column, and prints the accuracy of
/// each.
#[derive(Parser)]
struct Args {
    /// The network; without it one after the other
    #[arg(long)]
    net: Option<Net>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Net {
    /// Two layers of integrate-and-fire neurons
    Plain,
    /// Each hidden neuron is given its own spike of the step before
    SelfFeedback,
    /// Each hidden neuron is given those of all
    Feedback,
    /// The spikes of hidden neurons decay slowly, as fast as is learnt
    StatefulSynapse,
}

/// Numbers of a column, hidden neurons, classes.
const SIZES: [i64; 3] = [28, 32, 10];

fn spiking(detach_reset: bool) -> Result<Neuron, Failure> {
    Ok(If::new().surrogate(Surrogate::atan(2.0)).detach_reset(detach_reset).build()?)
}

/// The networks of SpikingJelly's tutorial on recurrent connections and stateful synapses, and one with feedback of
/// each neuron to itself.
fn network(net: Net) -> Result<Sequential, Failure> {
    let [column, hidden, classes] = SIZES;
    let first = Sequential::new().with(Linear::new(column, hidden));
    let middle = match net {
        Net::Plain => first.with(spiking(false)?),
        Net::SelfFeedback => {
            first.with(ElementWiseRecurrent::new(spiking(true)?, ElementWise::Add))
        }
        Net::Feedback => first.with(LinearRecurrent::new(spiking(true)?, hidden, hidden)),
        Net::StatefulSynapse => {
            first.with(spiking(false)?).with(synapse_filter(2.0).learn("tau").build()?)
        }
    };
    Ok(middle.with(Linear::new(hidden, classes)).with(spiking(false)?))
}

fn main() -> Result<(), Failure> {
    let Args { net, settings } = Args::parse();
    let (train, test) = settings.given.sets(1280, settings.given.device())?;
    let mut accuracies = Vec::new();
    for &net in net.as_ref().map_or(Net::value_variants(), std::slice::from_ref) {
        let name = net.to_possible_value().map_or_else(String::new, |v| v.get_name().to_string());
        println!("{name}:");
        settings.given.seed();
        let right = training::fit(network(net)?, &images::columns, (&train, &test), &settings)?;
        accuracies.push((name, right));
    }
    for (name, accuracy) in accuracies {
        println!("{name:<16} {:5.2} % of the test images are right", accuracy * 100.0);
    }
    Ok(())
}
