//! The programs of the corpus on every machine, at every size, with the options and inputs of a table.

mod case;
mod goldens;
mod stored;

use std::collections::BTreeSet;

use snn_artifact::Target;
use snn_compiler::check::hir::{Neuron, Sharing};
use snn_compiler::pipeline::{self, Options};
use snn_tests::compare::assert_firing_rate;
use snn_tests::numbers::{Numbers, is_soak};
use snn_tests::program::Program;

use super::check::{Machines, TOLERANCE};
use case::{Case, case, folder};
#[cfg(feature = "llvm")]
pub use goldens::texts;

/// Fewest programs of the corpus.
const PROGRAMS: usize = 60;

/// Steps and the shapes of a step that every program meets.
const STEPS: [usize; 5] = [0, 1, 2, 17, 4];
const LANES: [&[usize]; 4] = [&[1], &[3], &[31, 1], &[4, 3, 4]];

/// One row a test: the program, and with what it is run.
macro_rules! corpus {
    ($($name:ident: $case:expr;)*) => {
        $(#[test]
        fn $name() {
            agrees(stringify!($name), &$case);
            agrees_saved(stringify!($name), $case);
        })*

        /// The programs of all rows, with all that they save.
        pub fn programs() -> Vec<Program> {
            let each = [$($case.program().clone()),*];
            let saved = |program: &Program| SAVES.map(|save| program.clone().save(save));
            let all = each.iter().flat_map(saved).chain(each.iter().cloned());
            all.chain(stored::programs()).collect()
        }

        /// The files that have a row.
        fn files() -> BTreeSet<String> {
            [$($case.file.to_string()),*].into()
        }
    };
}

corpus! {
    delayed: case("delayed");
    learnt_width: case("learnt_width");
    learnt_width_alone: case("learnt_width").option("wide", false);
    few_spike: case("few_spike");
    few_spike_of_another_shape: case("few_spike").option("shape", "relu").option("n", 2);
    integer: case("integer");
    plif: case("plif");
    plif_per_channel: case("plif").share("k", Sharing::Channel).option("soft_reset", true);
    plif_per_neuron: case("plif").share("k", Sharing::Neuron).option("decay_input", false);
    refractory: case("refractory");
    refractory_without_rest: case("refractory").option("rest", 0);
    ternary: case("ternary").inputs(-1.0, 1.4);
    ternary_with_a_hard_reset: case("ternary").option("soft_reset", false).inputs(-1.0, 1.4);

    after_spike_currents: case("after_spike_currents");
    after_spike_currents_without_a_polynomial: case("after_spike_currents").option("n", 1);
    few_spikes_over_time: case("few_spikes_over_time");
    timed_decay: case("timed_decay");

    activation_aware_if: case("activation_aware_if");
    adex: case("adex").inputs(-1.0, 6.0);
    alif: case("alif").inputs(-1.0, 4.0);
    alpha_synapse: case("alpha_synapse");
    brf: case("brf").inputs(-2.0, 12.0);
    clif: case("clif");
    cuba: case("cuba").inputs(-1.0, 1.2);
    cuba_with_a_soft_reset: case("cuba").option("soft_reset", true).inputs(-1.0, 1.0);
    cuba_feedback: case("cuba_feedback").inputs(-1.0, 1.5);
    cuba_detached_feedback: case("cuba_feedback").option("detach_feedback", true).inputs(-1.0, 1.5);
    dh_lif: case("dh_lif").inputs(-1.5, 1.5);
    dsr_if: case("dsr_if");
    eif: case("eif").inputs(-2.0, 1.5);
    eif_with_a_soft_reset: case("eif").option("soft_reset", true).inputs(-2.0, 1.5);
    gated_lif: case("gated_lif");
    half_threshold_if: case("half_threshold_if");
    if_with_a_hard_reset: case("if");
    if_detached: case("if").option("detach_reset", true).option("soft_reset", true);
    ilif: case("ilif");
    ilif_detached: case("ilif").option("detach_reset", true).option("depth", 2);
    izhikevich: case("izhikevich").inputs(-1.0, 3.0);
    izhikevich_with_a_soft_reset: case("izhikevich").option("soft_reset", true).inputs(-1.0, 2.0);
    izhikevich_2003: case("izhikevich_2003").inputs(0.0, 60.0).steps(2)
        .state("v", -70.0, 20.0).state("u", -16.0, -5.0).narrow(0.05);
    klif: case("klif").inputs(-1.0, 3.0);
    klif_with_a_scaled_reset: case("klif").option("scale_reset", true).inputs(-1.0, 3.0);
    lapicque: case("lapicque").inputs(-1.0, 3.0);
    leaky: case("leaky");
    leaky_put_to_zero: case("leaky").option("subtract", false);
    liaf: case("liaf").inputs(-1.0, 3.0);
    liaf_of_another_shape: case("liaf").option("act", "tanh").option("threshold_related", false)
        .inputs(-1.0, 3.0);
    lif: case("lif").inputs(-1.0, 3.0);
    lif_per_channel: case("lif").share("tau", Sharing::Channel).option("decay_input", false)
        .option("soft_reset", true);
    lif_per_neuron: case("lif").share("tau", Sharing::Neuron).option("detach_reset", true)
        .inputs(-1.0, 3.0);
    ottt: case("ottt");
    qif: case("qif").inputs(-1.0, 3.0);
    qif_with_a_soft_reset: case("qif").option("soft_reset", true);
    readout: case("readout");
    resonate_and_fire: case("resonate_and_fire").inputs(-4.0, 8.0);
    sltt: case("sltt").inputs(-1.0, 3.0);
    synaptic: case("synaptic").inputs(-1.0, 1.5);
    tc_lif: case("tc_lif");
    ternary_if: case("ternary_if");

    adlif: case("adlif").inputs(-2.0, 8.0);
    atrlif: case("atrlif").inputs(-1.0, 1.6);
    bipolar_if: case("bipolar_if").inputs(-1.5, 2.0);
    burst: case("burst").inputs(-1.0, 1.6).narrow(0.05);
    coba: case("coba").inputs(-1.0, 1.0);
    egru: case("egru");
    escape_noise: case("escape_noise");
    escape_rate: case("escape_rate");
    fitzhugh_nagumo: case("fitzhugh_nagumo").inputs(-1.0, 1.4).state("v", -2.0, 2.0);
    glif3: case("glif3");
    glif3_without_a_pause: case("glif3").option("refractory", 0);
    grid_if: case("grid_if");
    hindmarsh_rose: case("hindmarsh_rose").inputs(0.0, 6.0)
        .state("u", -2.0, 2.0).state("y", -6.0, 1.0).state("z", 1.0, 3.0);
    hodgkin_huxley: case("hodgkin_huxley").inputs(0.0, 40.0)
        .state("v", -75.0, 40.0).state("m", 0.0, 1.0).state("h", 0.0, 1.0).state("n", 0.3, 0.8).narrow(0.1);
    homeostatic: case("homeostatic");
    homeostatic_frozen: case("homeostatic").option("frozen", true);
    lava_rf: case("lava_rf").inputs(-1.0, 1.5);
    liquid_lif: case("liquid_lif");
    mihalas_niebur: case("mihalas_niebur").inputs(-1.0, 3.0).state("theta", 0.8, 1.4).narrow(0.2);
    morris_lecar: case("morris_lecar").inputs(0.0, 200.0)
        .state("v", -70.0, 50.0).state("w", 0.0, 0.6);
    multi_threshold: case("multi_threshold");
    noisy_lif: case("noisy_lif");
    nengo_lif: case("nengo_lif").inputs(-1.0, 3.0).state("pause", 0.0, 1.0).narrow(0.3);
    outlier_aware: case("outlier_aware").inputs(-4.0, 4.0);
    phase_coding: case("phase_coding").inputs(-1.0, 1.4);
    se_adlif: case("se_adlif").inputs(-1.0, 5.0);
    sigma_delta: case("sigma_delta").narrow(0.1);
    spiking_recurrent_cell: case("spiking_recurrent_cell").inputs(-2.0, 4.0).narrow(0.05);
    srm: case("srm").inputs(-1.0, 3.0);
    stdp: case("stdp");
    step_forward: case("step_forward").inputs(-1.0, 1.4);
    theta: case("theta").inputs(-1.0, 6.0).state("theta", -3.0, 3.0).narrow(0.1);
    time_to_first_spike: case("time_to_first_spike").state("fired_at", -1.0, 2.0).of_any_rate();
    tsodyks_markram: case("tsodyks_markram").state("r", 0.2, 1.0).state("u", 0.0, 0.6);
    wilson_cowan: case("wilson_cowan").state("e", 0.0, 0.5).state("i", 0.0, 0.5);

    ode_adex: case("ode_adex").inputs(0.0, 12000.0).state("v", -75.0, -38.0).state("w", 0.0, 200.0).narrow(0.3);
    ode_alpha_lif: case("ode_alpha_lif").inputs(-1.0, 3.0).state("v", -5.0, 12.0);
    ode_hodgkin_huxley: case("ode_hodgkin_huxley").inputs(0.0, 40.0)
        .state("v", -75.0, 40.0).state("m", 0.0, 1.0).state("h", 0.0, 1.0).state("n", 0.3, 0.8).narrow(0.1);
    ode_izhikevich: case("ode_izhikevich").inputs(0.0, 60.0).steps(2)
        .state("v", -70.0, 20.0).state("u", -16.0, -5.0).narrow(0.05);
    ode_resonator: case("ode_resonator").inputs(-2.0, 4.0);

    feature_circular: case("feature_circular").narrow(0.5);
    feature_detach: case("feature_detach");
    feature_draws: case("feature_draws").inputs(-1.0, 3.0).narrow(0.1);
    feature_exponential: case("feature_exponential");
    feature_functions: case("feature_functions");
    feature_functions_as_options: case("feature_functions").option("f", "sin").option("g", "square")
        .option("twice", false).narrow(0.05);
    feature_hyperbolic: case("feature_hyperbolic");
    feature_inputs_and_outputs: case("feature_inputs_and_outputs");
    feature_ints: case("feature_ints");
    feature_levels: case("feature_levels").narrow(0.1);
    feature_loops: case("feature_loops");
    feature_loops_that_are_longer: case("feature_loops").option("n", 4);
    feature_maps: case("feature_maps");
    feature_options: case("feature_options").narrow(0.2);
    feature_options_turned: case("feature_options").option("is_leaky", false).option("n", 1)
        .option("gain", 0.3);
    feature_previous: case("feature_previous");
    feature_rounding: case("feature_rounding").narrow(0.1);
    feature_save: case("feature_save").inputs(-1.0, 2.0);
    feature_select: case("feature_select");
    feature_select_of_one_kind: case("feature_select").option("low", true);
    feature_surrogate: case("feature_surrogate");
    feature_surrogates: case("feature_surrogates");
    feature_ties: case("feature_ties").inputs(-2.0, 3.0);
}

#[test]
fn every_program_has_a_row() {
    let entries = folder().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let name = |path: std::path::PathBuf| path.file_stem().unwrap().to_str().unwrap().to_string();
    let found: BTreeSet<String> = entries.map(name).collect();
    assert_eq!(found, files());
    assert!(found.len() >= PROGRAMS, "{}", found.len());
}

/// The same in every run: of three lanes a gradient may cancel almost to nothing, and what is left then
/// has few digits in f32. The soak, and `SNN_SEED`, draw others.
fn numbers() -> Numbers {
    let is_fresh = is_soak() || std::env::var_os("SNN_SEED").is_some();
    if is_fresh { Numbers::fresh() } else { Numbers::of(1) }
}

#[track_caller]
fn agrees(name: &str, case: &Case) {
    let mut numbers = numbers();
    let neuron = case.program().neuron();
    emits(&neuron, false, true);
    let machines = Machines::of(name, case.program());
    let (mut moved, mut fired) = (0.0, Vec::new());
    for steps in STEPS.into_iter().filter(|steps| *steps <= case.most_steps) {
        for step in LANES {
            let (call, seeds) = case.call(&neuron, steps, step, &mut numbers);
            let found = machines.check(&call, &seeds, &mut numbers).forward;
            moved += found.outputs.values().flat_map(|o| o.data()).map(|y| y.abs()).sum::<f32>();
            if let Some(spikes) = SPIKES.iter().find_map(|name| found.outputs.get(*name)) {
                fired.extend_from_slice(spikes.data());
            }
        }
    }
    assert!(moved > 0.0, "{name} never gives anything");
    assert!(moved.is_finite(), "{name} grows without bound");
    if !case.is_rate_free {
        assert_firing_rate(name, &fired);
    }
}

/// The strategies beside the default, of which every program meets one, and in the soak both, at the sizes of a chunk that is short, of
/// one step, and of none.
const SAVES: [&str; 2] = ["states", "states:bf16"];
const SAVED: [(usize, &[usize]); 4] = [(17, &[4, 3, 4]), (1, &[31, 1]), (0, &[1]), (2, &[0])];
/// The same of a whole chunk of kernels for few steps, too few for gradients of what was rounded to be near.
const WHOLE: (usize, &[usize]) = (4, &[4, 3, 4]);

/// Whatever is saved, spikes are the same, and gradients near the oracle's and the same on all machines.
#[track_caller]
fn agrees_saved(name: &str, mut case: Case) {
    // One of them where time is short: the programs take turns.
    let turn = name.len() % SAVES.len();
    let saves = SAVES.iter().enumerate().filter(|(i, _)| is_soak() || *i == turn);
    for save in saves.map(|(_, save)| *save) {
        case = case.save(save);
        let neuron = case.program().neuron();
        let is_narrow = save.ends_with("bf16");
        emits(&neuron, is_narrow, is_soak());
        let machines = Machines::of(&format!("{name}, saved {save}"), case.program());
        let machines = machines.within(if is_narrow { case.narrow } else { TOLERANCE });
        let whole = (!is_narrow).then_some(WHOLE);
        for (steps, step) in
            SAVED.into_iter().chain(whole).filter(|(steps, _)| *steps <= case.most_steps)
        {
            // How much a rounded slope moves depends on the numbers.
            let mut numbers = if is_narrow { Numbers::of(1) } else { numbers() };
            let (call, seeds) = case.call(&neuron, steps, step, &mut numbers);
            machines.check(&call, &seeds, &mut numbers);
        }
    }
}

/// What spikes are called: those of one sign, of two, and counts of them.
const SPIKES: [&str; 3] = ["s", "z", "n"];

/// Every target takes the program, but WGSL what it saves in 16 bits: what is emitted is valid and strict,
/// or it is not emitted. PTX takes LLVM seconds, so that `with_ptx` is said of what is by default alone.
fn emits(neuron: &Neuron, is_narrow: bool, with_ptx: bool) {
    let mut targets: Vec<Target> =
        ["x86-64-v3", "aarch64"].map(|level| Target::Cpu { level: level.into() }).into();
    targets.extend((!is_narrow).then_some(Target::Wgsl));
    let ptx = with_ptx && cfg!(feature = "llvm");
    targets.extend(ptx.then_some(Target::Ptx { sm: 75 }));
    for target in targets {
        pipeline::back(neuron, &Options::new(target), "0".into()).unwrap();
    }
}
