//! Days as Excel counts them.

use seatunnel_api::time::MICROS_PER_DAY;

/// Days from 1899-12-30, Excel's day 0, to 1970-01-01.
const EPOCH: i64 = 25_569;
/// The first day that all programs count alike: those before are off by one for a 29 February 1900 that never was.
const FIRST: i64 = 61;
/// Behind the last day, 9999-12-31.
const END: i64 = 2_958_466;
/// Excel keeps milliseconds.
const MICROS_PER_MILLI: i64 = 1000;

/// The number of a moment, if Excel has one that says it exactly.
pub(super) fn serial(micros: i64) -> Option<f64> {
    let days = micros.div_euclid(MICROS_PER_DAY) + EPOCH;
    let rest = micros.rem_euclid(MICROS_PER_DAY);
    let is_there = (FIRST..END).contains(&days) && rest % MICROS_PER_MILLI == 0;
    is_there.then(|| days as f64 + fraction(rest))
}

/// A time of day as a part of a day, if Excel has it exactly.
pub(super) fn time_serial(micros: i64) -> Option<f64> {
    (micros % MICROS_PER_MILLI == 0).then(|| fraction(micros))
}

fn fraction(micros: i64) -> f64 {
    micros as f64 / MICROS_PER_DAY as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_the_numbers_that_excel_shows_them_for() {
        // Excel shows 45351 as 2024-02-29.
        assert_eq!(serial(19_782 * MICROS_PER_DAY), Some(45_351.0));
        // 2024-02-29 12:30:00.250
        let moment = 1_709_209_800_250_000;
        let serial_of = serial(moment).unwrap();
        let millis = (serial_of.fract() * 86_400_000.0).round();
        assert_eq!((serial_of.trunc(), millis), (45_351.0, 45_000_250.0));
        assert_eq!(serial(moment + 1), None);
        assert_eq!(serial(-70 * 366 * MICROS_PER_DAY), None);
        assert_eq!(time_serial(MICROS_PER_DAY / 4), Some(0.25));
    }
}
