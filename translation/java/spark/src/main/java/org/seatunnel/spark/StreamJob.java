package org.seatunnel.spark;

import java.util.ArrayList;
import java.util.List;

import org.apache.spark.sql.SparkSession;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A streaming job: query after query, each as long as the interval of checkpoints, each with a commit at its end.
 *
 * <p>These are batch queries. Those of Spark's own streaming are planned from offset to offset, and where a query ends is not
 * known before it has run: an offset would be no more than a number, with the real state kept besides, and two logs that
 * must not contradict each other.
 */
final class StreamJob {
    /** Where states are kept: Spark's own setting for this. */
    private static final String LOCATION = "spark.sql.streaming.checkpointLocation";
    /** How often a job is started again that doesn't say. */
    private static final int RETRIES = 3;
    private static final Logger LOG = LoggerFactory.getLogger(StreamJob.class);

    private final SparkSession spark;
    private final JobRun run;
    /**
     * Another handle than the one that has begun: that one commits once and then knows the job to be done, as it is with a
     * batch job. States are kept here.
     */
    private final long job;
    private final StateStore store;

    StreamJob(SparkSession spark, JobRun run) {
        this.spark = spark;
        this.run = run;
        job = run.keep(Native.jobOpen(run.payload()));
        String location = spark.conf().get(LOCATION, "");
        if (location.isEmpty()) {
            byte[] kept = Native.jobBeginStreaming(run.job(), false);
            store = new StateStore(run.job(), kept == null ? null : StreamState.of(kept));
        } else {
            String folder = location + "/" + run.description().id;
            store = new StateStore(folder, spark.sparkContext().hadoopConfiguration());
            Native.jobBeginStreaming(run.job(), store.newest() != null);
        }
    }

    /** Runs until all sources are at their end: for ever, if one has none. */
    void run() {
        StreamState state = store.newest();
        int failures = 0;
        while (true) {
            long before = state == null ? -1 : state.number;
            try {
                attempt(state);
                Native.jobFinish(job, -1);
                store.remove();
                return;
            } catch (Exception e) {
                // Spark's own exceptions are checked ones, which the compiler does not see.
                state = store.newest();
                failures = state != null && state.number > before + 1 ? 1 : failures + 1;
                if (!mayRestart(e, failures)) {
                    giveUp();
                    throw e;
                }
                Failures.logRestart(LOG, failures, run.description().name, e);
                Tasks.sleep(run.description().retryInterval);
            }
        }
    }

    private void attempt(StreamState from) {
        try (OpenHandles handles = new OpenHandles()) {
            List<StreamSource> sources = open(from, handles);
            long number;
            if (from == null) {
                number = 0;
                store.write(new StreamState(0, StreamWork.snapshot(sources), new ArrayList<>()));
                if (!store.lasts()) {
                    LOG.info("the job's state ends with the driver; set {} to a folder to be able to go on", LOCATION);
                }
            } else {
                number = from.number;
                Native.jobCommit(job, Frames.pack(from.parts));
                discard();
                LOG.info("the job goes on from its state {}", number);
            }
            while (true) {
                List<SplitsPartition> partitions = new ArrayList<>();
                sources.forEach(source -> partitions.addAll(source.partitions()));
                if (sources.stream().allMatch(StreamSource::isDone)) {
                    return;
                }
                if (partitions.isEmpty()) {
                    long pause = sources.stream().mapToLong(StreamSource::pause).min().orElse(0);
                    Tasks.sleep(Math.min(Math.max(pause, 10), 1_000));
                    continue;
                }
                number++;
                StreamWork work = new StreamWork(run, job, sources, partitions, store, number);
                run.query(spark, work, "checkpoint " + number);
            }
        }
    }

    private List<StreamSource> open(StreamState from, OpenHandles handles) {
        List<StreamSource> sources = new ArrayList<>();
        for (JobDescription.SourceNode node : run.description().sources) {
            StreamState.Source state = from == null ? null : from.sources.get(node.node);
            if (from != null && state == null) {
                throw new ConnectorException(
                        "TRANSLATION-02",
                        "the state of the job knows nothing of " + node.name
                                + "\n  = help: the job was changed; run it under a new id",
                        false);
            }
            sources.add(new StreamSource(job, node, state, handles));
        }
        return sources;
    }

    private boolean mayRestart(Exception failure, int failures) {
        int allowed = run.description().retries < 0 ? RETRIES : run.description().retries;
        return Failures.mayPass(failure) && failures <= allowed && !spark.sparkContext().isStopped();
    }

    /** Nobody can go on from a state that ends with the driver: what it holds and is not visible is taken back. */
    private void giveUp() {
        if (!store.lasts()) {
            discard();
            store.remove();
        }
    }

    /** Takes back what tasks have prepared and no state holds. */
    private void discard() {
        Native.jobAbort(run.job(), Frames.pack());
    }
}
