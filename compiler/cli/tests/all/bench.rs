//! `snnc bench`: what it times and how it says so. How fast anything is, is not for a test.

use crate::program::Folder;

const LIF: &str = include_str!("../../../../stdlib/neurons/lif.snn");

#[test]
fn every_size_is_timed_beside_copies() {
    let folder = Folder::new("bench");
    folder.write("lif.snn", LIF);
    let said = folder.snnc("bench lif.snn --sizes 4,1000;17,33 --reference").right();
    for part in ["T = 4, N = 1000", "T = 17, N = 33", "copy kernel", "memcpy", "by hand: forward"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = folder.snnc("bench lif.snn --sizes 17,33 --threads 1 --json").right();
    let json: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let results = json["sizes"][0]["results"].as_array().expect("results");
    let names: Vec<&str> = results.iter().filter_map(|line| line["what"].as_str()).collect();
    assert_eq!(names, ["copy kernel", "memcpy", "forward", "forward + backward"]);
    assert_eq!(results[3]["bytes"], 20 * 17 * 33);
    assert!(results[3]["saved_bytes"].is_u64() && results[2]["saved_bytes"].is_null());
}

#[test]
fn a_schedule_is_given_or_found_and_said() {
    let folder = Folder::new("bench_schedule");
    folder.write("lif.snn", LIF);
    let said = folder.snnc("bench lif.snn --sizes 17,33 --schedule chunk=4").right();
    assert!(said.contains("\nT = 17, N = 33, chunk=4\n"), "{said}");
    let tune = || {
        let said = folder.snnc("bench lif.snn --sizes 17,33;4,9 --schedule tune --json").right();
        let json: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        [0, 1].map(|i| json["sizes"][i]["schedule"].as_str().expect("a schedule").to_string())
    };
    let found = tune();
    let known = ["auto", "chunk=4", "chunk=8", "chunk=16", "chunk=32"];
    assert!(found.iter().all(|schedule| known.contains(&schedule.as_str())), "{found:?}");
    // The second time it is read.
    assert_eq!(tune(), found);
    let said = folder.snnc("run lif.snn --generate noise --schedule chunk=2").right();
    assert!(said.contains("schedule") && said.contains("chunk=2"), "{said}");
    folder.snnc("grad lif.snn --generate noise --steps 9 --schedule tune").right();
    let err = folder.snnc("bench lif.snn --sizes 17,33 --schedule forward=2x64").wrong();
    assert!(err.contains("cpu cannot do lanes spread over threads"), "{err}");
}

#[test]
fn wrong_sizes_are_refused() {
    let folder = Folder::new("bench_wrong");
    folder.write("lif.snn", LIF);
    let done = folder.snnc("bench lif.snn --sizes 4x1000");
    assert_eq!(done.status, 2);
    assert!(done.err.contains("`4x1000` is no size: write T,N"), "{}", done.err);
    let err = folder.snnc("bench lif.snn --sizes 0,5").wrong();
    assert_eq!(err, "error: cannot time 0 steps of 5 neurons\n");
}
