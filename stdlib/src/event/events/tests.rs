use proptest::prelude::*;

use super::*;

fn four() -> Events {
    Events::new(3, 2, vec![1, 4, 4, 9], vec![0, 1, 2, 0], vec![0, 1, 1, 0], vec![0, 1, 0, 1])
        .unwrap()
}

fn message(result: Result<Events>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn impossible_events_are_refused_with_their_number() {
    let new = |t: &[u64], x: &[u16], y: &[u16], p: &[u8]| {
        message(Events::new(3, 2, t.into(), x.into(), y.into(), p.into()))
    };
    let lengths = new(&[1], &[1, 2], &[1], &[1]);
    assert_eq!(lengths, "the lengths of t, x, y and p must be equal, but is [1, 2, 1, 1]");
    let back = new(&[5, 4], &[0, 0], &[0, 0], &[0, 0]);
    assert_eq!(
        back,
        "the time of event 1 must be 5 µs or later, as that of the event before it, but is 4 µs"
    );
    let off = new(&[5, 5], &[0, 3], &[0, 0], &[0, 0]);
    assert_eq!(off, "the place of event 1 must be on the sensor of 3 x 2, but is x = 3, y = 0");
    assert!(new(&[5, 5], &[0, 2], &[2, 0], &[0, 0]).contains("event 0 must be on"));
    let polarity = new(&[5, 5], &[0, 2], &[1, 0], &[0, 2]);
    assert_eq!(polarity, "the polarity of event 1 must be 0 or 1, but is 2");
    assert!(Events::new(0, 0, vec![], vec![], vec![], vec![]).unwrap().is_empty());
}

#[test]
fn faults_past_the_first_block_are_found() {
    let n = 3 * BLOCK + 5;
    for at in [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, n - 1] {
        let mut t: Vec<u64> = (1..=n as u64).collect();
        t[at] = 0;
        let zeros = vec![0; n];
        let found = message(Events::new(1, 1, t, zeros.clone(), zeros.clone(), vec![0; n]));
        assert!(found.contains(&format!("time of event {at} ")), "{found}");
        let mut y = zeros.clone();
        y[at] = 1;
        let found = message(Events::new(1, 1, vec![0; n], zeros, y, vec![0; n]));
        assert!(found.contains(&format!("place of event {at} ")), "{found}");
    }
}

#[test]
fn slices_are_views_by_number_and_by_time() {
    let events = four();
    assert_eq!(events.slice(1..3).unwrap().x(), [1, 2]);
    assert!(events.slice(4..4).unwrap().is_empty());
    let far = events.slice(3..5).unwrap_err().to_string();
    assert_eq!(far, "indices of events must be within 0..4, the number of events, but is 3..5");
    #[expect(clippy::reversed_empty_ranges, reason = "it has to be refused")]
    let reversed = events.slice(3..2);
    assert!(reversed.is_err());
    assert_eq!(events.between(4..9).x(), [1, 2]);
    assert_eq!(events.between(0..u64::MAX).len(), 4);
    assert!(events.between(5..9).is_empty());
    #[expect(clippy::reversed_empty_ranges, reason = "it is empty")]
    let reversed = events.between(9..1);
    assert!(reversed.is_empty());
    assert_eq!(events.slice(1..3).unwrap().slice(1..2).unwrap().iter().next().unwrap().x, 2);
    assert_eq!(events.slice(1..3).unwrap().to_events().t(), [4, 4]);
}

#[test]
fn parts_are_put_together_again() {
    let events = four();
    let [a, b] = [events.slice(0..2).unwrap(), events.slice(2..4).unwrap()];
    assert_eq!(Events::concat(&[a, b]).unwrap(), events);
    assert!(message(Events::concat(&[b, a])).contains("the time of event 2 must be 9 µs or later"));
    assert!(message(Events::concat(&[])).starts_with("views to put together"));
    let other = Events::new(2, 3, vec![], vec![], vec![], vec![]).unwrap();
    let found = message(Events::concat(&[a, other.view()]));
    assert_eq!(found, "the sensor of each view must be (3, 2), but is (2, 3)");
}

proptest! {
    #[test]
    fn sorting_keeps_events_together_and_those_of_one_time_in_order(
        t in prop::collection::vec(0_u64..20, 0..100),
    ) {
        let n = t.len();
        let index: Vec<u16> = (0..n as u16).collect();
        let mut columns =
            Columns { t: t.clone(), x: index.clone(), y: index.clone(), p: vec![0; n] };
        columns.sort();
        let sorted: Vec<_> = columns.t.iter().copied().zip(columns.x.iter().copied()).collect();
        let mut expected: Vec<_> = t.into_iter().zip(index).collect();
        expected.sort();
        prop_assert_eq!(sorted, expected);
        prop_assert_eq!(columns.x, columns.y);
    }
}
