package org.seatunnel.spark.dataframe;

import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.List;

import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.seatunnel.spark.SplitsPartition;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/**
 * A job that is read, on the driver.
 *
 * <p>Its enumerators stay open as long as somebody may still read: what readers need may hang on them, such as a snapshot of
 * a database that they share. Spark does not say when that is over; so they end with this object.
 */
final class SourceJob {
    private static final Cleaner CLEANER = Cleaner.create();

    private final byte[] payload;
    private final long job;
    private final OpenHandles handles = new OpenHandles();
    private final int table;
    private final StructType schema;
    private InputPartition[] partitions;

    private SourceJob(DataFrameOptions options, int mode) {
        CLEANER.register(this, handles::close);
        payload = options.jobToRead(mode);
        job = handles.add(Native.jobOpen(payload));
        List<byte[]> found = Frames.unpack(Native.jobTable(job, options.table()));
        table = Frames.toInt(found.get(0));
        schema = (StructType) DataType.fromJson(Frames.toText(found.get(1)));
    }

    /** @param mode how it is read: one of the constants of {@link Native} */
    static SourceJob open(DataFrameOptions options, int mode) {
        return new SourceJob(options, mode);
    }

    /** Its handle on the driver. */
    long handle() {
        return job;
    }

    JobDescription description() {
        return JobDescription.of(job);
    }

    StructType schema() {
        return schema;
    }

    byte[] payload() {
        return payload;
    }

    /** Which of the job's tables is read. */
    int table() {
        return table;
    }

    /** What each task reads: asked once, whatever Spark asks. */
    synchronized InputPartition[] partitions() {
        if (partitions == null) {
            List<InputPartition> all = new ArrayList<>();
            for (JobDescription.SourceNode source : JobDescription.of(job).sources) {
                long enumerator = handles.add(Native.enumeratorOpen(job, source.node, source.parallelism, null));
                List<byte[]> splits = Frames.unpack(Native.enumeratorAll(enumerator));
                all.addAll(SplitsPartition.deal(source.node, source.parallelism, splits, true));
            }
            partitions = all.toArray(new InputPartition[0]);
        }
        return partitions.clone();
    }
}
