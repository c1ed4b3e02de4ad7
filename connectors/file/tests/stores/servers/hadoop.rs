//! HDFS.

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::Running;

/// A name node and a data node of HDFS.
pub(crate) fn hdfs() -> &'static Running {
    static SHARED: OnceLock<Running> = OnceLock::new();
    SHARED.get_or_init(|| {
        super::script("hdfs.sh", "jars");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/hdfs.sh");
        let script = script.canonicalize().unwrap();
        let script = script.display();
        let running = Running::start_until(
            "hdfs",
            |_, _| {},
            |folder, port| format!("{script} serve {}/data/hdfs {port}", folder.display()),
            |folder, _| format!("test -d {}/data/hdfs", folder.display()),
        );
        // Java machines take their time where others want the processor too.
        let ready = running.folder.join("data/hdfs/ready");
        let begun = Instant::now();
        while !ready.exists() {
            assert!(begun.elapsed() < Duration::from_secs(300), "no HDFS");
            std::thread::sleep(Duration::from_millis(200));
        }
        running
    })
}
