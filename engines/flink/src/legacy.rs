//! Settings of Flink by the names that older job files have.

use seatunnel_engine_submit::Setting;

/// Older names below `execution.`, and Flink's own. Parallelism and the times of checkpoints are
/// options of `env` and not among them.
const NAMES: [(&str, &str); 8] = [
    ("checkpoint.mode", "execution.checkpointing.mode"),
    ("checkpoint.data-uri", "execution.checkpointing.dir"),
    (
        "checkpoint.max-concurrent",
        "execution.checkpointing.max-concurrent-checkpoints",
    ),
    ("state.backend", "state.backend.type"),
    ("buffer.timeout", "execution.buffer-timeout.interval"),
    ("max-parallelism", "pipeline.max-parallelism"),
    ("restart.strategy", "restart-strategy.type"),
    ("restart.attempts", "restart-strategy.fixed-delay.attempts"),
];

/// Flink's own names for what stands below `execution.` in `env` of an older job file.
pub fn legacy_settings(execution: Vec<Setting>) -> Vec<Setting> {
    let own = |(key, value): Setting| {
        if key == "restart.delayBetweenAttempts" {
            return Some((
                "restart-strategy.fixed-delay.delay".to_owned(),
                in_millis(value),
            ));
        }
        let (_, name) = NAMES.iter().find(|(old, _)| *old == key)?;
        let value = match *name {
            "execution.buffer-timeout.interval" => in_millis(value),
            "execution.checkpointing.mode" => value.to_uppercase().replace('-', "_"),
            _ => value,
        };
        Some(((*name).to_owned(), value))
    };
    execution.into_iter().filter_map(own).collect()
}

fn in_millis(value: String) -> String {
    match value.parse::<u64>() {
        Ok(_) => format!("{value} ms"),
        Err(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_become_flinks() {
        let old = [
            ("checkpoint.mode", "exactly-once"),
            ("restart.strategy", "fixed-delay"),
            ("restart.delayBetweenAttempts", "500"),
            ("parallelism", "2"),
        ];
        let old = old.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let own = legacy_settings(old.to_vec());
        let own: Vec<String> = own.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            own,
            [
                "execution.checkpointing.mode=EXACTLY_ONCE",
                "restart-strategy.type=fixed-delay",
                "restart-strategy.fixed-delay.delay=500 ms",
            ]
        );
    }
}
