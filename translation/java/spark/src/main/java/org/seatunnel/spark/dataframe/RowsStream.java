package org.seatunnel.spark.dataframe;

import java.lang.ref.Cleaner;
import java.util.List;
import java.util.Map;

import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.write.PhysicalWriteInfo;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.apache.spark.sql.connector.write.streaming.StreamingDataWriterFactory;
import org.apache.spark.sql.connector.write.streaming.StreamingWrite;
import org.apache.spark.sql.types.StructType;
import org.seatunnel.spark.PreparedParts;
import org.seatunnel.spark.StateStore;
import org.seatunnel.spark.StreamState;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/**
 * Writes a stream of DataFrames, epoch by epoch. Tasks prepare; the driver commits, when all of them are done.
 *
 * <p>What an epoch has prepared is kept first, below the checkpoint location of the query, and then committed. Spark repeats an
 * epoch of which it does not know that it came to its end: one that was kept is committed once more, which does nothing if it
 * was done, and what the repetition has prepared is taken back. So each epoch is visible once.
 */
final class RowsStream implements StreamingWrite {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final String FOLDER = "/seatunnel-sink";
    private static final String DEFAULT_LOCATION = "spark.sql.streaming.checkpointLocation";

    private final OpenHandles handles = new OpenHandles();
    private final String queryId;
    private final StructType schema;
    private final byte[] payload;
    /** Takes back what nobody will commit. */
    private final long begun;
    /** Commits: one that has begun commits once and then knows the job to be done, as it is with a batch. */
    private final long job;
    private final StateStore store;
    private boolean ready;
    /** What was kept last. */
    private StreamState newest;

    /** @param queryId the query's number, the same in all its runs */
    RowsStream(DataFrameOptions options, String queryId, StructType schema) {
        CLEANER.register(this, handles::close);
        this.queryId = queryId;
        this.schema = schema;
        SparkSession spark = SparkSession.active();
        store = new StateStore(folder(options, spark), spark.sparkContext().hadoopConfiguration());
        byte[] own = options.jobToWrite(Frames.ofText(schema.json()), Native.STREAM);
        payload = Native.jobOfAttempt(own, Frames.ofText("spark-" + queryId));
        begun = handles.add(Native.jobOpen(payload));
        job = handles.add(Native.jobOpen(payload));
    }

    private String folder(DataFrameOptions options, SparkSession spark) {
        String location = options.checkpointLocation();
        if (location != null) {
            return location + FOLDER;
        }
        location = spark.conf().get(DEFAULT_LOCATION, "");
        if (location.isEmpty()) {
            throw new IllegalArgumentException(
                    "a stream is written with the option `checkpointLocation`, a folder that outlives the application");
        }
        return location + FOLDER + "-" + queryId;
    }

    String queryId() {
        return queryId;
    }

    StructType schema() {
        return schema;
    }

    /** What sinks call an epoch. 0 stands for what was before the first. */
    static long number(long epochId) {
        return epochId + 1;
    }

    @Override
    public synchronized StreamingDataWriterFactory createStreamingWriterFactory(PhysicalWriteInfo info) {
        if (!ready) {
            begin();
            ready = true;
        }
        return new RowsWriterFactory(payload, schema);
    }

    private void begin() {
        newest = store.newest();
        Native.jobBeginStreaming(begun, newest != null);
        if (newest == null) {
            keep(0, List.of());
        } else {
            commit();
            discard();
        }
    }

    /** Of several attempts of a task that run at the same time one may come to its end. */
    @Override
    public boolean useCommitCoordinator() {
        return true;
    }

    @Override
    public synchronized void commit(long epochId, WriterCommitMessage[] messages) {
        List<byte[]> parts = PreparedParts.parts(messages);
        if (isKept(epochId)) {
            Native.jobAbort(begun, Frames.pack(parts));
        } else {
            keep(number(epochId), parts);
        }
        commit();
    }

    /** Spark calls it behind a failed {@link #commit} as well. What is kept is not taken back: the next run commits it. */
    @Override
    public synchronized void abort(long epochId, WriterCommitMessage[] messages) {
        if (!isKept(epochId)) {
            Native.jobAbort(begun, Frames.pack(PreparedParts.parts(messages)));
        }
    }

    private boolean isKept(long epochId) {
        return newest != null && number(epochId) <= newest.number;
    }

    private void keep(long number, List<byte[]> parts) {
        StreamState state = new StreamState(number, Map.of(), parts);
        store.write(state);
        newest = state;
    }

    private void commit() {
        Native.jobCommit(job, Frames.pack(newest.parts));
    }

    /** Takes back what tasks of an earlier run have prepared and nobody keeps. */
    private void discard() {
        Native.jobAbort(begun, Frames.pack());
    }

    /** What Spark's log calls it. */
    @Override
    public String toString() {
        return "sinks of a job";
    }
}
