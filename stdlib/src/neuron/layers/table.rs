//! The neurons of the library that take one input.

use super::typed::{Neuron, NeuronBuilder, Result, StepMode, name, neurons, option_name};
use super::{Param, Surrogate};

neurons! {
    /// Integrate-and-fire with a threshold and an offset for each channel.
    ActivationAwareIf "activation_aware_if"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool]
        [v_threshold v_offset v_reset]
    /// LIF with an adaptation current.
    Adapt "adapt"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool]
        [tau v_threshold v_reset v_rest w_rest tau_w a b]
    /// Adaptive exponential integrate-and-fire, in mV, pA and ms (`rk4`).
    AdEx "adex"
        [surrogate: Surrogate, detach_reset: bool, dt: f64]
        [c g_l e_l v_t delta_t tau_w a b v_threshold v_reset]
    /// LIF with an adaptation that follows the potential and the spikes.
    AdLif "adlif"
        [surrogate: Surrogate, detach_reset: bool]
        [alpha beta a b v_threshold]
    /// LIF with an adaptive threshold.
    Alif "alif"
        [surrogate: Surrogate, detach_reset: bool]
        [alpha rho beta v_threshold]
    /// Alpha neuron of two currents.
    Alpha "alpha"
        [surrogate: Surrogate, soft_reset: bool, no_reset: bool]
        [alpha beta v_threshold]
    /// LIF behind an alpha-function synapse, `ode method exact`, in units.
    AlphaLif "alpha_lif"
        [surrogate: Surrogate, detach_reset: bool, dt: f64]
        [tau tau_syn r v_threshold v_rest v_reset]
    /// Alpha-function synapse by itself, no spikes.
    AlphaSynapse "alpha_synapse"
        []
        [tau]
    /// LIF with an adaptive threshold and a refractory state.
    AtrLif "atrlif"
        [surrogate: Surrogate, detach_reset: bool]
        [delta_i delta_v delta_theta delta_r theta_0 theta_step bias]
    /// Resonate-and-fire with a refractory threshold and a damping that balances.
    Brf "brf"
        [surrogate: Surrogate, dt: f64]
        [omega b_offset v_threshold q_decay]
    /// IF whose spikes grow within a burst.
    Burst "burst"
        [surrogate: Surrogate, detach_reset: bool]
        [beta v_threshold]
    /// LIF whose reset grows with its spikes.
    Clif "clif"
        [surrogate: Surrogate]
        [tau v_threshold]
    /// LIF behind a current-based exponential synapse, solved exactly, time constants in steps.
    Cuba "cuba"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool]
        [tau tau_syn v_threshold v_rest v_reset]
    /// Discrete current-based LIF with a learnt weight to itself.
    CubaFeedback "cuba_feedback"
        [surrogate: Surrogate, detach_reset: bool, detach_feedback: bool]
        [tau tau_syn w v_threshold]
    /// LIF charged by a leaky current.
    CubaLif "cuba_lif"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool]
        [c_decay v_decay v_threshold v_reset]
    /// Exponential IF.
    Eif "eif"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool]
        [tau delta_t theta_rh v_threshold v_rest v_reset]
    /// Exponential IF in units, `ode method rk4`.
    EifOde "eif_ode"
        [surrogate: Surrogate, detach_reset: bool, dt: f64]
        [c g_l e_l delta_t v_t v_threshold v_reset]
    /// LIF that fires at random by a hazard.
    EscapeNoise "escape_noise"
        [decay_input: bool, soft_reset: bool, detach_reset: bool]
        [tau v_threshold v_reset v_rest delta rate]
    /// `escape_noise` without the draw: gives the chance of a spike.
    EscapeRate "escape_rate"
        [decay_input: bool, soft_reset: bool, detach_reset: bool]
        [tau v_threshold v_reset v_rest delta rate]
    /// Few-spikes code, a step of it at a step of time, learnt numbers.
    FewSpikesOverTime "few_spikes_over_time"
        [surrogate: Surrogate, k: i64]
        [theta h d]
    /// FitzHugh-Nagumo, `ode method rk4`.
    FitzhughNagumo "fitzhugh_nagumo"
        [surrogate: Surrogate, dt: f64]
        [a b c v_threshold]
    /// LIF with gates between two kinds of leak, input and reset.
    GatedLif "gated_lif"
        [surrogate: Surrogate]
        [alpha beta gamma tau v_threshold linear_decay v_subreset conduct]
    /// Generalised IF that fires by chance, with a current and a threshold that adapt.
    Gif "gif"
        [surrogate: Surrogate, detach_reset: bool, dt: f64, refractory: i64]
        [c g e_l v_reset v_threshold delta_v rate q_eta tau_eta q_gamma tau_gamma]
    /// GLIF1, LIF, in units, refractory.
    Glif1 "glif1"
        [surrogate: Surrogate, detach_reset: bool, dt: f64, refractory: i64]
        [c g e_l v_threshold v_reset]
    /// GLIF2, LIF with reset rules and a threshold that spikes raise.
    Glif2 "glif2"
        [surrogate: Surrogate, detach_reset: bool, dt: f64, refractory: i64]
        [c g e_l v_threshold fraction shift jump_s b_s]
    /// GLIF3, LIF with two after-spike currents.
    Glif3 "glif3"
        [surrogate: Surrogate, detach_reset: bool, dt: f64, refractory: i64]
        [c g e_l v_threshold v_reset jump1 jump2 keep1 keep2 k1 k2]
    /// GLIF4, reset rules and after-spike currents.
    Glif4 "glif4"
        [surrogate: Surrogate, detach_reset: bool, dt: f64, refractory: i64]
        [c g e_l v_threshold fraction shift jump_s b_s jump1 jump2 keep1 keep2 k1 k2]
    /// GLIF5, GLIF4 with a threshold that follows the potential.
    Glif5 "glif5"
        [surrogate: Surrogate, detach_reset: bool, dt: f64, refractory: i64]
        [c g e_l v_threshold fraction shift jump_s b_s jump1 jump2 keep1 keep2 k1 k2 a_v b_v]
    /// IF on inputs rounded to a grid, gradient straight through.
    GridIf "grid_if"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool, parts: i64]
        [v_threshold v_reset]
    /// Integrate-and-fire that starts at half its threshold.
    HalfThresholdIf "half_threshold_if"
        [surrogate: Surrogate, detach_reset: bool]
        [v_threshold]
    /// Hindmarsh-Rose, bursting, `ode method rk4`.
    HindmarshRose "hindmarsh_rose"
        [surrogate: Surrogate, dt: f64]
        [a b c d r strength v_rest v_threshold]
    /// Hodgkin-Huxley, `ode method exp_euler`, in units.
    HodgkinHuxley "hodgkin_huxley"
        [surrogate: Surrogate, dt: f64]
        [c g_na g_k g_l e_na e_k e_l v_threshold]
    /// LIF whose threshold rises with its own spikes, in mV and ms.
    Homeostatic "homeostatic"
        [surrogate: Surrogate, detach_reset: bool, frozen: bool, dt: f64]
        [tau tau_theta theta_plus v_rest v_threshold v_reset]
    /// Integrate-and-fire, no leak.
    If "if"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool]
        [v_threshold v_reset]
    /// LIF that fires whole numbers.
    Ilif "ilif"
        [max_spike_count: i64, surrogate: Surrogate, detach_reset: bool]
        [tau v_threshold]
    /// Quadratic IF with adaptation.
    Izhikevich "izhikevich"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool]
        [tau v_c a0 v_threshold v_reset v_rest w_rest tau_w a b]
    /// Izhikevich's simple model in its own numbers, two halves of a step.
    Izhikevich2003 "izhikevich_2003"
        [surrogate: Surrogate, detach_reset: bool]
        [a b c d v_threshold]
    /// The same as equations with units, midpoint method.
    IzhikevichOde "izhikevich_ode"
        [surrogate: Surrogate, detach_reset: bool, dt: f64]
        [a b c d v_threshold]
    /// LIF with a learnt gain and a relu.
    Klif "klif"
        [surrogate: Surrogate, scale_reset: bool, decay_input: bool, soft_reset: bool, detach_reset: bool]
        [tau k v_threshold v_reset]
    /// Resistor and capacitor, Euler's method.
    Lapicque "lapicque"
        [surrogate: Surrogate, soft_reset: bool, no_reset: bool, time_step: f64]
        [r c v_threshold]
    /// LIF charged by a leaky current, in the fixed point of Loihi.
    LavaCubaLif "lava_cuba_lif"
        [surrogate: Surrogate, scale: i64, detach_reset: bool]
        [current_decay voltage_decay v_threshold]
    /// LIF with the reset at the next step.
    Leaky "leaky"
        [surrogate: Surrogate, soft_reset: bool, no_reset: bool, reset_delay: bool]
        [beta v_threshold]
    /// LIF that learns the width of its surrogate.
    LearntWidth "learnt_width"
        [decay_input: bool, soft_reset: bool, detach_reset: bool]
        [tau width v_threshold v_reset]
    /// Leaky integrator behind a current, no spikes.
    Li "li"
        [dt: f64]
        [tau_syn_inv tau_mem_inv v_leak]
    /// LIF that gives a function of its potential.
    Liaf "liaf"
        [surrogate: Surrogate, act: &str, threshold_related: bool, decay_input: bool, soft_reset: bool, detach_reset: bool]
        [tau v_threshold v_reset]
    /// Leaky integrate-and-fire.
    Lif "lif"
        [surrogate: Surrogate, decay_input: bool, soft_reset: bool, detach_reset: bool]
        [tau v_threshold v_reset]
    /// LIF whose time constants are gated by input and state.
    LiquidLif "liquid_lif"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool]
        [m_x m_u m_0 a_x a_a a_0 b_0 beta v_reset]
    /// Adaptive LIF with late reset, scaled surrogate, refractory period.
    Lsnn "lsnn"
        [surrogate: Surrogate, detach_reset: bool, refractory: i64]
        [tau tau_a beta b_0]
    /// Parallel: the last `k` steps, by a mask that closes.
    MaskedPsn "masked_psn"
        [k: i64, surrogate: Surrogate]
        [lambda w b]
    /// Generalised LIF with after-spike currents and a moving threshold, in mV, V/s and ms (`exact`).
    MihalasNiebur "mihalas_niebur"
        [surrogate: Surrogate, detach_reset: bool, dt: f64]
        [g k1 k2 a b r1 r2 a1 a2 e_l v_reset theta_inf theta_reset]
    /// Morris-Lecar, `ode method rk4`, in units.
    MorrisLecar "morris_lecar"
        [surrogate: Surrogate, dt: f64]
        [c g_ca g_k g_l e_ca e_k e_l v1 v2 v3 v4 phi v_threshold]
    /// LIF that counts how many thresholds it has come to.
    MultiThreshold "multi_threshold"
        [surrogate: Surrogate, decay_input: bool, detach_reset: bool, m: i64]
        [tau v_threshold]
    /// LIF with a refractory period to within a step.
    NengoLif "nengo_lif"
        [surrogate: Surrogate, detach_reset: bool, dt: f64]
        [tau_rc tau_ref min_voltage]
    /// Integrator that does not spike, with readouts.
    NonSpikingIf "non_spiking_if"
        []
        []
    /// Leaky integrator that does not spike, with readouts.
    NonSpikingLif "non_spiking_lif"
        []
        [tau]
    /// LIF behind a current, Norse's order of updates and surrogate.
    NorseLif "norse_lif"
        [surrogate: Surrogate, detach_reset: bool, dt: f64]
        [tau_syn_inv tau_mem_inv v_leak v_threshold v_reset]
    /// Adaptive exponential LIF, Norse's order.
    NorseLifAdex "norse_lif_adex"
        [surrogate: Surrogate, detach_reset: bool, dt: f64]
        [adaptation_current adaptation_spike delta_t tau_ada_inv
         tau_syn_inv tau_mem_inv v_leak v_threshold v_reset]
    /// LIF with an adaptive threshold, Norse's order.
    NorseLsnn "norse_lsnn"
        [surrogate: Surrogate, detach_reset: bool, dt: f64]
        [tau_syn_inv tau_mem_inv tau_adapt_inv v_leak v_threshold v_reset beta]
    /// LIF without a gradient through time, with a trace of its spikes.
    OtttLif "ottt_lif"
        [surrogate: Surrogate, decay_input: bool, soft_reset: bool, detach_reset: bool]
        [tau v_threshold v_reset]
    /// IF with weighted spikes, the weight halved at each step of a period.
    PhaseCoding "phase_coding"
        [surrogate: Surrogate, detach_reset: bool, period: i64]
        [v_threshold]
    /// LIF that learns its leak.
    Plif "plif"
        [surrogate: Surrogate, decay_input: bool, soft_reset: bool, detach_reset: bool]
        [k v_threshold v_reset]
    /// Parallel: all steps weigh all steps.
    Psn "psn"
        [surrogate: Surrogate]
        [w b]
    /// Quadratic IF.
    Qif "qif"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool]
        [tau v_c a0 v_threshold v_rest v_reset]
    /// Quadratic IF in units, `ode method rk4`.
    QifOde "qif_ode"
        [surrogate: Surrogate, detach_reset: bool, dt: f64]
        [tau r a0 v_rest v_c v_threshold v_reset]
    /// Leaky readout, a learnt time constant for each neuron, no spikes.
    Readout "readout"
        []
        [tau]
    /// LIF with an absolute refractory period.
    Refractory "refractory"
        [surrogate: Surrogate, decay_input: bool, soft_reset: bool, detach_reset: bool, refractory: i64]
        [tau v_threshold v_reset]
    /// Damped oscillator that fires at a threshold.
    ResonateAndFire "resonate_and_fire"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool, reset_both: bool]
        [b omega dt v_threshold v_reset]
    /// LIF with a learnt weight to itself.
    Rleaky "rleaky"
        [surrogate: Surrogate, soft_reset: bool, no_reset: bool, reset_delay: bool]
        [beta w v_threshold]
    /// Adaptive LIF in symplectic Euler steps.
    SeAdLif "se_adlif"
        [surrogate: Surrogate, detach_reset: bool]
        [tau_u tau_w a b q v_threshold]
    /// Sums differences, sends what its activation has gone.
    SigmaDelta "sigma_delta"
        [surrogate: Surrogate, act: &str]
        [v_threshold bias]
    /// Parallel: the last `k` steps, weighed alike everywhere.
    SlidingPsn "sliding_psn"
        [k: i64, surrogate: Surrogate]
        [w b]
    /// LIF without a gradient through time.
    SlttLif "sltt_lif"
        [surrogate: Surrogate, decay_input: bool, soft_reset: bool, detach_reset: bool]
        [tau v_threshold v_reset]
    /// Gated unit that spikes without a threshold.
    SpikingRecurrentCell "spiking_recurrent_cell"
        [straight_through: bool, detach_recurrence: bool]
        [alpha rho r r_s b_h b_h_max z z_hyp z_dep]
    /// Spike response model, kernels summed from step to step.
    Srm "srm"
        [surrogate: Surrogate, detach_reset: bool]
        [tau_s tau_r v_threshold scale]
    /// Spikes of both signs whose sum stays within the levels of a quantiser.
    Stbif "stbif"
        [surrogate: Surrogate, detach_reset: bool, level: i64, sym: bool, pos_max: i64, neg_min: i64]
        [q_threshold]
    /// Encodes a signal into spikes up and down.
    StepForward "step_forward"
        [surrogate: Surrogate]
        [v_threshold]
    /// LIF behind a synaptic current.
    Synaptic "synaptic"
        [surrogate: Surrogate, soft_reset: bool, no_reset: bool, reset_delay: bool]
        [alpha beta v_threshold]
    /// Dendrite and soma that pull at each other.
    TcLif "tc_lif"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool]
        [c1 c2 gamma v_threshold v_reset]
    /// Integrate-and-fire with spikes of both signs.
    TernaryIf "ternary_if"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool]
        [v_threshold v_reset]
    /// LIF with spikes of both signs.
    TernaryLif "ternary_lif"
        [surrogate: Surrogate, decay_input: bool, soft_reset: bool, detach_reset: bool]
        [tau v_threshold v_reset]
    /// Theta neuron, a phase on a circle (`rk4`).
    Theta "theta"
        [surrogate: Surrogate, detach_reset: bool, dt: f64]
        []
    /// IF with decaying currents that fires once.
    TimeToFirstSpike "time_to_first_spike"
        [surrogate: Surrogate]
        [tau v_threshold]
    /// LIF with a learnt decay and gain for each step.
    TimedDecay "timed_decay"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool]
        [decay gain v_threshold v_reset]
    /// Synapse with short-term plasticity in front of a LIF.
    TsodyksMarkram "tsodyks_markram"
        [surrogate: Surrogate, soft_reset: bool, detach_reset: bool, dt: f64]
        [r#use tau_f tau_d tau_s weight tau v_threshold v_rest v_reset]
}
