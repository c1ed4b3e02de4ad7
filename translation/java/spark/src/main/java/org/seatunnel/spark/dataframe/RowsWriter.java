package org.seatunnel.spark.dataframe;

import java.util.List;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.Platform;
import org.seatunnel.spark.Counts;
import org.seatunnel.spark.PreparedParts;
import org.seatunnel.spark.Tasks;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/** Writes the rows of one task. They are gathered as Spark has them in memory, and become columns on the native side. */
final class RowsWriter implements DataWriter<InternalRow> {
    private static final int ROWS = 8192;
    /** Rows are handed over when they take so much; one that is larger goes alone. */
    private static final long BYTES = 4 << 20;
    private static final int SIZE_BYTES = 8;
    private final OpenHandles handles = new OpenHandles();
    private final StructType schema;
    private final long checkpoint;
    private final long rows;
    private UnsafeProjection projection;
    private long buffer;
    private long capacity;
    private long length;
    private int count;

    /**
     * @param subtask a number that no other attempt of a task has
     * @param checkpoint what parts are committed together
     */
    RowsWriter(byte[] payload, StructType schema, int subtask, long checkpoint) {
        this.schema = schema;
        this.checkpoint = checkpoint;
        try {
            long job = handles.add(Native.jobOpen(payload));
            rows = handles.add(Native.rowsOpen(job, subtask, Frames.ofText(schema.json())));
        } catch (RuntimeException e) {
            handles.close();
            throw e;
        }
        capacity = BYTES;
        buffer = Platform.allocateMemory(capacity);
    }

    @Override
    public void write(InternalRow row) {
        UnsafeRow own = row instanceof UnsafeRow ? (UnsafeRow) row : project(row);
        long size = SIZE_BYTES + (long) own.getSizeInBytes();
        if (count == ROWS || length + size > capacity) {
            handOver();
        }
        if (size > capacity) {
            Platform.freeMemory(buffer);
            buffer = 0;
            buffer = Platform.allocateMemory(size);
            capacity = size;
        }
        Platform.putLong(null, buffer + length, own.getSizeInBytes());
        Platform.copyMemory(
                own.getBaseObject(), own.getBaseOffset(), null, buffer + length + SIZE_BYTES, own.getSizeInBytes());
        length += size;
        count++;
    }

    private UnsafeRow project(InternalRow row) {
        if (projection == null) {
            projection = UnsafeProjection.create(schema);
        }
        return projection.apply(row);
    }

    private void handOver() {
        if (count > 0) {
            while (!Native.rowsWrite(rows, buffer, length, Tasks.PATIENCE_MILLIS)) {
                Tasks.stopIfKilled();
            }
        }
        length = 0;
        count = 0;
    }

    @Override
    public WriterCommitMessage commit() {
        handOver();
        while (!Native.rowsPrepareStart(rows, checkpoint, true, Tasks.PATIENCE_MILLIS)) {
            Tasks.stopIfKilled();
        }
        byte[] parts;
        while ((parts = Native.rowsPrepared(rows, Tasks.PATIENCE_MILLIS)) == null) {
            Tasks.stopIfKilled();
        }
        return new PreparedParts(Frames.unpack(parts), List.of(), new Counts());
    }

    @Override
    public void abort() {
        Native.rowsAbort(rows);
    }

    @Override
    public void close() {
        if (buffer != 0) {
            Platform.freeMemory(buffer);
            buffer = 0;
        }
        handles.close();
    }
}
