package org.seatunnel.spark;

import java.util.ArrayList;
import java.util.List;

import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A batch job: all splits of all sources, and one commit.
 *
 * <p>Sources are asked once, so that all readers belong to one look at the source; and their enumerators stay open as long as
 * the job, because what readers need may hang on them: a snapshot of a database that they share, say.
 */
final class BatchWork implements QueryWork {
    private static final Logger LOG = LoggerFactory.getLogger(BatchWork.class);

    private final JobRun run;
    private InputPartition[] partitions;
    private volatile boolean committing;

    private BatchWork(JobRun run) {
        this.run = run;
    }

    /**
     * Runs the query. Tasks that fail Spark runs again; the whole is only run again where the job file asks for that, and not
     * when something may be visible.
     */
    static void run(SparkSession spark, JobRun run) {
        refuseEndless(run.description());
        for (int failures = 1;; failures++) {
            BatchWork work = new BatchWork(run);
            try {
                run.query(spark, work, "batch");
                return;
            } catch (Exception e) {
                // Spark's own exceptions are checked ones, which the compiler does not see.
                boolean again = failures <= run.description().retries && !work.committing
                        && Failures.mayPass(e) && !spark.sparkContext().isStopped();
                if (!again) {
                    throw e;
                }
                Failures.logRestart(LOG, failures, run.description().name, e);
                Tasks.sleep(run.description().retryInterval);
            }
        }
    }

    private static void refuseEndless(JobDescription description) {
        for (JobDescription.SourceNode source : description.sources) {
            if (!source.isBounded) {
                throw new ConnectorException(
                        "TRANSLATION-03",
                        source.name + " has no end, and a batch job on Spark would have none\n"
                                + "  = help: set `job.mode = \"STREAMING\"`, or let the source end",
                        false);
            }
        }
    }

    @Override
    public synchronized InputPartition[] partitions() {
        if (partitions == null) {
            List<InputPartition> all = new ArrayList<>();
            for (JobDescription.SourceNode source : run.description().sources) {
                long enumerator = run.keep(Native.enumeratorOpen(run.job(), source.node, source.parallelism, null));
                List<byte[]> splits = Frames.unpack(Native.enumeratorAll(enumerator));
                all.addAll(SplitsPartition.deal(source.node, source.parallelism, splits, true));
            }
            partitions = all.toArray(new InputPartition[0]);
        }
        return partitions.clone();
    }

    @Override
    public ReadOrder readOrder() {
        return ReadOrder.toTheEnd(run.payload());
    }

    @Override
    public long checkpoint() {
        return 1;
    }

    @Override
    public void commit(WriterCommitMessage[] messages) {
        committing = true;
        run.count(messages);
        Native.jobCommit(run.job(), Frames.pack(PreparedParts.parts(messages)));
    }

    /** Spark calls it behind a failed {@link #commit} as well; the native side knows what of it is visible. */
    @Override
    public void abort(WriterCommitMessage[] messages) {
        Native.jobAbort(run.job(), Frames.pack(PreparedParts.parts(messages)));
    }
}
