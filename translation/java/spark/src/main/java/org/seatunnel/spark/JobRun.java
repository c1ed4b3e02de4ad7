package org.seatunnel.spark;

import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

import org.seatunnel.translation.Frames;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;

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
    private final SplitPlan splits;
    private final Counts counts = new Counts();

    private JobRun(byte[] payload) {
        this.payload = payload;
        try {
            job = handles.add(Native.jobOpen(payload));
            description = JobDescription.of(job);
        } catch (RuntimeException e) {
            handles.close();
            throw e;
        }
        splits = new SplitPlan(job, description, handles);
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

    /** What its sources have to read. */
    SplitPlan splits() {
        return splits;
    }

    /** Adds to what the job has read and written. */
    synchronized void count(Counts more) {
        counts.add(more);
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
