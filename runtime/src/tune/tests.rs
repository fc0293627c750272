//! The choice and the file, with a clock that only pretends, so that no GPU is needed.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;

use snn_artifact::Target;
use snn_compiler::kernel::schedule::{Spread, Tuning};

use super::known_or;
use super::search::{Times, fastest};
use crate::cache::Cache;
use crate::error::{Error, Result};

const PTX: Target = Target::Ptx { sm: 75 };

/// What is fastest by a clock that gives each schedule its seconds, and all that were timed.
fn find(target: &Target, clock: impl Fn(&Tuning) -> Times) -> (String, Vec<String>) {
    let asked = RefCell::new(Vec::new());
    let found = fastest(target, &mut |tuning| {
        asked.borrow_mut().push(tuning.to_string());
        Ok(clock(tuning))
    });
    (found.unwrap().to_string(), asked.into_inner())
}

fn times(forward: f64, backward: f64) -> Times {
    Times { forward: Some(forward), backward: Some(backward) }
}

/// 1 for what is wanted, more for what lies farther from it.
fn far(spread: Option<Spread>, lanes: u32, threads: u32) -> f64 {
    let Some(spread) = spread else { return 9.0 };
    1.0 + f64::from(spread.lanes.abs_diff(lanes))
        + f64::from(spread.threads.abs_diff(threads)) / 1e3
}

#[test]
fn forward_and_backward_are_chosen_apart_for_one_chunk() {
    let (found, asked) = find(&PTX, |tuning| {
        let slow = f64::from(tuning.chunk.unwrap_or(1).abs_diff(8));
        times(slow + far(tuning.forward, 4, 256), slow + far(tuning.backward, 2, 64))
    });
    assert_eq!(found, "chunk=8,forward=4x256,backward=2x64");
    assert_eq!(asked[0], "auto");
    assert_eq!(asked.len(), 1 + 4 + 4 + 3 + 2, "{asked:?}");
    assert_eq!(
        asked[asked.len() - 2..],
        ["chunk=8,forward=4x64,backward=2x64", "chunk=8,forward=4x256,backward=2x256"]
    );
}

#[test]
fn what_spills_is_never_chosen() {
    let (found, _) = find(&PTX, |tuning| {
        let lanes = |spread: Option<Spread>| spread.map_or(1, |spread| spread.lanes);
        let seconds = |lanes: u32, most: u32| (lanes <= most).then(|| 1.0 / f64::from(lanes));
        let forward = seconds(lanes(tuning.forward), 4);
        Times { forward, backward: seconds(lanes(tuning.backward), 1) }
    });
    // One lane backward is no faster than the compiler's own, four lanes forward are.
    assert_eq!(found, "chunk=4,forward=4x128,backward=1x128");
    let (found, _) = find(&PTX, |tuning| match tuning.forward {
        None => times(9.0, 9.0),
        Some(_) => Times { forward: Some(1.0), backward: None },
    });
    assert_eq!(found, "auto");
}

#[test]
fn the_compiler_s_own_stays_where_nothing_is_faster() {
    assert_eq!(find(&PTX, |_| times(1.0, 1.0)).0, "auto");
    assert_eq!(find(&PTX, |_| times(f64::NAN, 1.0)).0, "auto");
    assert_eq!(find(&PTX, |_| Times::default()).0, "auto");
    // Where it alone cannot be timed, another is taken.
    let own = Tuning::default();
    let other =
        find(&PTX, |tuning| if *tuning == own { Times::default() } else { times(1.0, 1.0) });
    assert_eq!(other.0, "chunk=4,forward=1x128,backward=1x128");
}

#[test]
fn only_chunks_are_tried_where_lanes_are_not_spread() {
    let clock = |tuning: &Tuning| times(f64::from(tuning.chunk.unwrap_or(16).abs_diff(30)), 1.0);
    let (found, asked) = find(&Target::Cpu { level: "x86-64-v3".into() }, clock);
    assert_eq!(asked, ["auto", "chunk=4", "chunk=8", "chunk=16", "chunk=32"]);
    assert_eq!(found, "chunk=32");
    let (found, asked) = find(&Target::Wgsl, clock);
    assert_eq!(asked, ["auto", "chunk=4", "chunk=8", "chunk=16"]);
    assert_eq!(found, "auto");
}

#[test]
fn a_clock_that_fails_is_an_error() {
    let failed = || Error::Artifact("no clock".into());
    let found = fastest(&PTX, &mut |tuning| match tuning.chunk {
        None => Ok(times(1.0, 1.0)),
        Some(_) => Err(failed()),
    });
    assert_eq!(found.unwrap_err().to_string(), failed().to_string());
}

/// A folder of its own, removed behind the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str) -> Folder {
    let path = std::env::temp_dir().join(format!("snnc-tune-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    Folder(path)
}

#[test]
fn what_was_found_is_read_the_next_time_and_damage_is_found_anew() {
    let place = folder("file");
    let cache = Cache::at(&place.0).unwrap();
    let found: Tuning = "chunk=8,forward=4x256,backward=2x64".parse().unwrap();
    let searched = Cell::new(0);
    let get = |key: &str| {
        let find = || {
            searched.set(searched.get() + 1);
            Ok(found)
        };
        assert_eq!(known_or(Some(&cache), key, find).unwrap(), found);
        searched.take()
    };
    assert_eq!((get("a"), get("a"), get("b")), (1, 0, 1));
    let path = cache.folder().join("a.schedule");
    let whole = "snnc schedule 1\nkey a\nschedule chunk=8,forward=4x256,backward=2x64\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
    let damaged = [
        String::new(),
        whole.replace("schedule 1", "schedule 0"),
        whole.replace("key a", "key b"),
        whole.replace("chunk=8", "chunk=0"),
        whole.replace("4x256", "4x"),
        whole.trim_end().into(),
        format!("{whole}more\n"),
        whole.replace("schedule chunk", "schedule \nchunk"),
    ];
    for text in damaged {
        std::fs::write(&path, &text).unwrap();
        assert_eq!((get("a"), get("a")), (1, 0), "{text:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
    }
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert_eq!((get("a"), get("a")), (1, 0));
    // Schedules are no neurons, but take room and go with them.
    let held = cache.clear().unwrap();
    assert!(held.n_entries == 0 && held.bytes > 0);
    assert!(!path.exists());
}

#[test]
fn without_a_cache_it_is_found_each_time() {
    let find = || -> Result<Tuning> { Ok(Tuning::of_chunk(4)) };
    assert_eq!(known_or(None, "a", find).unwrap(), Tuning::of_chunk(4));
    let fails = || Err(Error::Artifact("no clock".into()));
    assert!(known_or(None, "a", fails).is_err());
}

#[cfg(feature = "cpu")]
mod on_the_cpu {
    use std::sync::Arc;

    use snn_compiler::check::{NoImports, Specialization};

    use super::*;
    use crate::cpu::Cpu;
    use crate::device::Device;
    use crate::jit::{Jit, Program};
    use crate::neuron::{Array, Call};

    const LEAKY: &str = "\
neuron Leaky {
  input  x
  state  v = 0.0
  charge v = 0.5 * v + x
  fire   s = spike(v - 1.0, atan(alpha: 2.0))
  reset  v = hard(v, s, 0)
  output s
}
";

    #[test]
    fn a_call_is_timed_once_for_its_sizes() {
        let place = folder("cpu");
        let cache = Cache::at(&place.0).unwrap();
        let jit = Jit::with_cache(Some(cache.clone()));
        let device: Arc<dyn Device> = Arc::new(Cpu::with_threads(1).unwrap());
        let specialization = Specialization::default();
        let program =
            Program { name: "leaky.snn", text: LEAKY, specialization, resolver: &NoImports };
        let tune = |steps: usize, lanes: usize| {
            let x = Array::new(vec![steps, lanes], vec![0.75; steps * lanes]).unwrap();
            let call = Call { inputs: [("x".into(), x)].into(), ..Call::default() };
            jit.tune(&device, &program, &call).unwrap()
        };
        let schedules = || {
            let files = std::fs::read_dir(cache.folder()).unwrap().map(|file| file.unwrap().path());
            files.filter(|path| path.extension().is_some_and(|e| e == "schedule")).count()
        };
        assert_eq!((tune(0, 3), schedules()), (Tuning::default(), 0));
        let found = tune(7, 33);
        assert_eq!((found.forward, found.backward), (None, None));
        // 40 neurons fill the same power of two as 33 do, 65 do not.
        assert_eq!((tune(7, 40), schedules()), (found, 1));
        tune(7, 65);
        tune(8, 33);
        assert_eq!(schedules(), 3);
        jit.tuned(found).compile(Arc::clone(&device), &program).unwrap();
    }
}
