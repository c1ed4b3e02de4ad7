//! Finds the few bad ones among many.

/// The bad ones among `count` things that are good or bad each on its own: halves what fails until
/// it is alone. `check` gives the error of things `from..to`, if they have one.
pub(crate) fn find_bad<E>(
    count: usize,
    mut check: impl FnMut(usize, usize) -> Result<(), E>,
) -> Vec<(usize, E)> {
    let mut bad = Vec::new();
    let mut parts = vec![(0, count)];
    while let Some((from, to)) = parts.pop() {
        let Err(error) = check(from, to) else {
            continue;
        };
        if to - from == 1 {
            bad.push((from, error));
        } else {
            let middle = from + (to - from) / 2;
            parts.push((middle, to));
            parts.push((from, middle));
        }
    }
    bad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bad_are_found_in_their_order_and_without_looking_at_each() {
        let mut looked = 0;
        let bad = [3, 4, 900, 1023];
        let found = find_bad(1024, |from, to| {
            looked += 1;
            match bad.iter().find(|b| (from..to).contains(b)) {
                Some(first) => Err(*first),
                None => Ok(()),
            }
        });
        assert_eq!(found, bad.map(|b| (b, b)));
        assert!(looked <= 2 * 10 * bad.len(), "{looked}");
        assert_eq!(find_bad(1, |_, _| Err(())), [(0, ())]);
        assert_eq!(find_bad(5, |_, _| Err(())).len(), 5);
    }
}
