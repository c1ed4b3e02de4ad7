package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.connector.write.BatchWrite;
import org.apache.spark.sql.connector.write.DataWriterFactory;
import org.apache.spark.sql.connector.write.PhysicalWriteInfo;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.apache.spark.sql.types.StructType;
import org.seatunnel.spark.PreparedParts;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/** Writes a DataFrame. Tasks prepare; the driver commits, when all of them are done. */
final class RowsWrite implements BatchWrite {
    private final OpenHandles handles = new OpenHandles();
    private final StructType schema;
    private final byte[] payload;
    private final long job;

    RowsWrite(DataFrameOptions options, StructType schema) {
        this.schema = schema;
        payload = options.jobToWrite(Frames.ofText(schema.json()), Native.BATCH);
        job = handles.add(Native.jobOpen(payload));
    }

    @Override
    public DataWriterFactory createBatchWriterFactory(PhysicalWriteInfo info) {
        try {
            Native.jobBegin(job);
        } catch (RuntimeException e) {
            handles.close();
            throw e;
        }
        return new RowsWriterFactory(payload, schema);
    }

    /** Of several attempts of a task that run at the same time one may come to its end. */
    @Override
    public boolean useCommitCoordinator() {
        return true;
    }

    @Override
    public void commit(WriterCommitMessage[] messages) {
        Native.jobCommit(job, Frames.pack(PreparedParts.parts(messages)));
        Native.jobFinish(job, -1);
        handles.close();
    }

    /** Spark calls it behind a failed {@link #commit} as well; the native side knows what of it is visible. */
    @Override
    public void abort(WriterCommitMessage[] messages) {
        try {
            Native.jobAbort(job, Frames.pack(PreparedParts.parts(messages)));
        } finally {
            handles.close();
        }
    }

    /** What Spark's log calls it. */
    @Override
    public String toString() {
        return "sinks of a job";
    }
}
