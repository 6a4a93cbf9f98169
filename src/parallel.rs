//! The same work on many items by several threads, results in the order of the items.

use std::num::NonZero;
use std::sync::Mutex;

/// A piece is at most this part of what would be each thread's share of the rest.
const SHARE: usize = 3;

/// Maps items to results on as many threads as the machine has, at most `piece` neighbouring items at a time and fewer
/// towards the end, so that no thread waits long for another one's last piece.
///
/// Each thread makes its own state once, for caches and buffers. The result does not depend on the number of threads.
pub fn map<T: Send, S, R: Send>(
    items: Vec<T>,
    piece: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, T) -> R + Sync,
) -> Vec<R> {
    let length = items.len();
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(length.max(1));
    let source = Mutex::new((0_usize, items.into_iter()));
    let take = || {
        // A thread that panicked while holding the lock only left the iterator further on.
        let mut source = source.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let size = source.1.len().div_ceil(threads * SHARE).clamp(1, piece.max(1));
        let items: Vec<T> = source.1.by_ref().take(size).collect();
        source.0 += 1;
        (source.0, items)
    };
    let run = || {
        let mut state = state();
        let mut done = Vec::new();
        loop {
            let (number, items) = take();
            if items.is_empty() {
                return done;
            }
            done.push((number, items.into_iter().map(|item| work(&mut state, item)).collect::<Vec<R>>()));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut done = run();
        for other in others {
            match other.join() {
                Ok(theirs) => done.extend(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(number, _)| *number);
    let mut results = Vec::with_capacity(length);
    for (_, piece) in done {
        results.extend(piece);
    }
    results
}

#[cfg(test)]
mod tests {
    #[test]
    fn order_is_kept_whatever_the_pieces() {
        for piece in [1, 3, 1000] {
            let squares = super::map((0..257_u64).collect(), piece, || 0, |_, n| n * n);
            assert!(squares.iter().enumerate().all(|(n, square)| *square == (n * n) as u64));
        }
        assert!(super::map(Vec::<u8>::new(), 4, || (), |(), n| n).is_empty());
    }
}
