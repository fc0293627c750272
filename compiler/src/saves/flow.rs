//! Minimum cuts of small networks, by augmenting paths.

use std::collections::VecDeque;

/// A capacity that no cut is made of.
pub const UNCUT: u64 = u64::MAX / 4;

/// A directed network between a source and a sink.
pub struct Network {
    /// Where edges lead, and what they still let through; each edge stands beside its reverse.
    edges: Vec<(usize, u64)>,
    /// By place: the edges that leave it.
    leaving: Vec<Vec<usize>>,
}

/// The place where everything begins.
pub const SOURCE: usize = 0;
/// The place where everything ends.
pub const SINK: usize = 1;

impl Network {
    /// A network without edges; places 0 and 1 are [`SOURCE`] and [`SINK`].
    pub fn new(n_places: usize) -> Self {
        Self { edges: Vec::new(), leaving: vec![Vec::new(); n_places] }
    }

    /// Adds an edge.
    pub fn edge(&mut self, from: usize, to: usize, capacity: u64) {
        for (from, to, capacity) in [(from, to, capacity), (to, from, 0)] {
            self.leaving[from].push(self.edges.len());
            self.edges.push((to, capacity));
        }
    }

    /// The capacity of a smallest cut, and the places on the side of the sink: of all smallest cuts, the
    /// one with the fewest of them.
    pub fn cut(mut self) -> (u64, Vec<bool>) {
        let mut total = 0;
        while let Some(path) = self.path() {
            let room = path.iter().map(|&edge| self.edges[edge].1).min().unwrap_or(0);
            for edge in path {
                self.edges[edge].1 -= room;
                self.edges[edge ^ 1].1 += room;
            }
            total += room;
        }
        (total, self.reaches_sink())
    }

    /// The edges of a shortest path with room from the source to the sink.
    fn path(&self) -> Option<Vec<usize>> {
        let mut by = vec![None; self.leaving.len()];
        let mut waiting = VecDeque::from([SOURCE]);
        while let Some(place) = waiting.pop_front() {
            for &edge in &self.leaving[place] {
                let (to, room) = self.edges[edge];
                if room > 0 && to != SOURCE && by[to].is_none() {
                    by[to] = Some(edge);
                    waiting.push_back(to);
                }
            }
        }
        let mut path = Vec::new();
        let mut place = SINK;
        while place != SOURCE {
            let edge = by[place]?;
            path.push(edge);
            place = self.edges[edge ^ 1].0;
        }
        Some(path)
    }

    /// The places from which there is room to the sink.
    fn reaches_sink(&self) -> Vec<bool> {
        let mut reaches = vec![false; self.leaving.len()];
        reaches[SINK] = true;
        let mut waiting = vec![SINK];
        while let Some(place) = waiting.pop() {
            for &edge in &self.leaving[place] {
                let (from, room) = (self.edges[edge].0, self.edges[edge ^ 1].1);
                if room > 0 && !reaches[from] {
                    reaches[from] = true;
                    waiting.push(from);
                }
            }
        }
        reaches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from a seed, the same on every run.
    fn numbers(mut seed: u64) -> impl FnMut(u64) -> u64 {
        move |below| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        }
    }

    /// The smallest cut by trying all sides, and the fewest places that a side of the sink has for it.
    fn by_trying(n: usize, edges: &[(usize, usize, u64)]) -> (u64, usize) {
        let sides = (0..1_usize << n).filter(|side| side & 1 == 0 && side & 2 != 0);
        let cost = |side: usize| {
            let is_cut =
                |(from, to, _): &&(usize, usize, u64)| side >> from & 1 == 0 && side >> to & 1 == 1;
            edges.iter().filter(is_cut).map(|(_, _, capacity)| capacity).sum()
        };
        sides.map(|side| (cost(side), side.count_ones() as usize)).min().expect("a side")
    }

    #[test]
    fn cuts_are_the_smallest_and_nearest_to_the_sink() {
        let mut below = numbers(7);
        for _ in 0..400 {
            let n = 3 + below(6) as usize;
            let edges: Vec<_> = (0..below(24))
                .map(|_| (below(n as u64) as usize, below(n as u64) as usize, below(5)))
                .filter(|(from, to, _)| from != to)
                .collect();
            let mut network = Network::new(n);
            edges.iter().for_each(|&(from, to, capacity)| network.edge(from, to, capacity));
            let (total, side) = network.cut();
            let found = (total, side.iter().filter(|s| **s).count());
            assert_eq!(found, by_trying(n, &edges), "{edges:?}");
        }
    }
}
