package org.seatunnel.spark;

import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/**
 * A job on the driver, from its beginning to its end.
 *
 * <p>Spark makes the parts of a query by class name and options, and shows options in plans and in its UI. So these hold a
 * key only, and the job itself, which has passwords in it, is found here.
 */
final class JobRun implements AutoCloseable {
    private static final Map<String, JobRun> RUNS = new ConcurrentHashMap<>();

    private final String key = UUID.randomUUID().toString();
    private final byte[] payload;
    private final OpenHandles handles = new OpenHandles();
    private final long job;
    private final JobDescription description;
    private final Counts counts = new Counts();
    private volatile QueryWork work;

    private JobRun(byte[] payload) {
        this.payload = payload;
        try {
            job = handles.add(Native.jobOpen(payload));
            description = JobDescription.of(job);
        } catch (RuntimeException e) {
            handles.close();
            throw e;
        }
    }

    /** Opens a job. */
    static JobRun open(byte[] payload) {
        JobRun run = new JobRun(payload);
        RUNS.put(run.key, run);
        return run;
    }

    /** The job behind the option of a query. */
    static JobRun of(String key) {
        JobRun run = key == null ? null : RUNS.get(key);
        if (run == null) {
            throw new IllegalArgumentException(
                    "this data source serves " + SparkJob.class.getName()
                            + " only, and its job is not open; start the job by that class");
        }
        return run;
    }

    /** What stands for the job in options. */
    String key() {
        return key;
    }

    /** What tasks open the job with. */
    byte[] payload() {
        return payload;
    }

    /** Its handle on the driver. */
    long job() {
        return job;
    }

    JobDescription description() {
        return description;
    }

    /** Keeps a handle until the job ends, and gives it back. */
    long keep(long handle) {
        return handles.add(handle);
    }

    /**
     * Runs a query: Spark finds here what is to be done in it.
     *
     * @param title what Spark's UI calls it, behind the name of the job
     */
    void query(SparkSession spark, QueryWork next, String title) {
        work = next;
        spark.sparkContext().setJobDescription(description.name + ", " + title);
        String format = ElementProvider.class.getName();
        spark.read().format(format).option(ElementProvider.JOB, key).load()
                .write().format(format).option(ElementProvider.JOB, key).mode("append").save();
    }

    /** What the query is to do that is made or runs now. */
    QueryWork work() {
        return work;
    }

    /** Adds to what the job has read and written. */
    synchronized void count(WriterCommitMessage[] messages) {
        PreparedParts.of(messages).forEach(own -> counts.add(own.counts()));
    }

    /** Says how the job has ended. */
    synchronized void ended(String error) {
        Native.jobEnded(job, counts.toArray(), error == null ? null : Frames.ofText(error));
    }

    /** Ends it; sources may close what they have held open for all readers. */
    @Override
    public void close() {
        RUNS.remove(key);
        handles.close();
    }
}
