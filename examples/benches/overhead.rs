//! What the embedded engine costs beside a bare loop: `cargo bench -p seatunnel-examples`.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use seatunnel_examples::overhead::Overhead;

const ROWS: u64 = 1_000_000;

fn overhead(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("threads can be started");
    let overhead = runtime
        .block_on(Overhead::new(ROWS))
        .expect("the job is right");
    let mut group = criterion.benchmark_group("fake to blackhole");
    group.throughput(Throughput::Elements(ROWS)).sample_size(10);
    group.bench_function("bare loop", |b| {
        b.iter(|| overhead.bare().expect("it fills"))
    });
    group.bench_function("engine", |b| {
        b.iter(|| runtime.block_on(overhead.engine()).expect("the job runs"));
    });
    group.finish();
}

criterion_group!(benches, overhead);
criterion_main!(benches);
