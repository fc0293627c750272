//! What several threads need at the same time and what takes long to make.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The last few values by their keys. One is made by the first that asks for it, while the others wait.
#[derive(Debug)]
pub(super) struct Recent<K, T> {
    n_kept: usize,
    kept: Mutex<VecDeque<(K, Arc<T>)>>,
}

impl<K: Clone + PartialEq, T> Recent<K, T> {
    pub(super) fn new(n_kept: usize) -> Self {
        Self { n_kept, kept: Mutex::default() }
    }

    /// The value of a key. What cannot be made is not kept.
    pub(super) fn get<E>(&self, key: &K, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        // Held while a value is made. A panic there leaves all others as they were.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = kept.iter().find(|(known, _)| known == key) {
            return Ok(Arc::clone(value));
        }
        // Room before it is made: a recording may take a good part of memory.
        let n_over = (kept.len() + 1).saturating_sub(self.n_kept);
        kept.drain(..n_over);
        let value = Arc::new(make()?);
        kept.push_back((key.clone(), Arc::clone(&value)));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_made_once_and_the_oldest_go() {
        let (recent, mut made) = (Recent::new(2), Vec::new());
        let mut get = |key: u8| {
            let make = || {
                made.push(key);
                Ok::<_, ()>(key + 1)
            };
            assert_eq!(*recent.get(&key, make).unwrap(), key + 1);
        };
        [1, 1, 2, 1, 2, 3, 2, 1, 3].into_iter().for_each(&mut get);
        assert_eq!(made, [1, 2, 3, 1]);
        assert_eq!(recent.get(&9, || Err("no")), Err("no"));
        assert_eq!(*recent.get(&9, || Ok::<_, ()>(4)).unwrap(), 4);
    }

    #[test]
    fn threads_wait_for_the_one_that_makes_a_value() {
        let (recent, made) = (Recent::new(1), Mutex::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let make = || {
                        std::thread::sleep(std::time::Duration::from_millis(5));
                        *made.lock().unwrap() += 1;
                        Ok::<_, ()>("value")
                    };
                    assert_eq!(*recent.get(&0, make).unwrap(), "value");
                });
            }
        });
        assert_eq!(made.into_inner().unwrap(), 1);
    }
}
