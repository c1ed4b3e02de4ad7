package org.seatunnel.flink.rows;

import java.util.Collection;

import org.apache.flink.api.connector.sink2.CommittingSinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.RowType;
import org.seatunnel.flink.Attempt;
import org.seatunnel.flink.Failures;
import org.seatunnel.flink.Tasks;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/** Writes the rows of one task: gathers them, and hands them over as bytes. */
final class RowWriter implements CommittingSinkWriter<RowData, byte[]> {
    private static final int ROWS = 8192;
    private static final int BYTES = 4 << 20;

    private final OpenHandles handles = new OpenHandles();
    private final RowEncoder encoder;
    private final long rows;
    /** Flink does not say of which checkpoint a call is: they are counted. */
    private long checkpoint;
    private boolean isEnded;

    RowWriter(byte[] payload, String run, RowType type, String schema, WriterInitContext context) {
        encoder = new RowEncoder(type);
        checkpoint = context.getRestoredCheckpointId().orElse(0);
        Attempt attempt = new Attempt(run, checkpoint, context.getTaskInfo().getAttemptNumber());
        int number = attempt.writerNumber(
                context.getTaskInfo().getIndexOfThisSubtask(), context.getTaskInfo().getNumberOfParallelSubtasks());
        try {
            long job = handles.add(Native.jobOpen(payload));
            rows = handles.add(Native.rowsOpen(job, number, Frames.ofText(schema)));
        } catch (ConnectorException e) {
            handles.close();
            throw Failures.forFlink(e);
        }
    }

    @Override
    public void write(RowData row, Context context) throws InterruptedException {
        encoder.add(row);
        if (encoder.count() >= ROWS || encoder.length() >= BYTES) {
            handOver();
        }
    }

    private void handOver() throws InterruptedException {
        if (encoder.count() == 0) {
            return;
        }
        byte[] taken = encoder.take();
        try {
            while (!Native.rowsWriteBytes(rows, taken, Tasks.PATIENCE_MILLIS)) {
                Tasks.stopIfCancelled();
            }
        } catch (ConnectorException e) {
            throw Failures.forFlink(e);
        }
    }

    @Override
    public void flush(boolean endOfInput) throws InterruptedException {
        handOver();
        isEnded |= endOfInput;
    }

    @Override
    public Collection<byte[]> prepareCommit() throws InterruptedException {
        checkpoint++;
        try {
            while (!Native.rowsPrepareStart(rows, checkpoint, isEnded, Tasks.PATIENCE_MILLIS)) {
                Tasks.stopIfCancelled();
            }
            byte[] parts;
            while ((parts = Native.rowsPrepared(rows, Tasks.PATIENCE_MILLIS)) == null) {
                Tasks.stopIfCancelled();
            }
            return Frames.unpack(parts);
        } catch (ConnectorException e) {
            throw Failures.forFlink(e);
        }
    }

    @Override
    public void close() {
        if (!isEnded) {
            Native.rowsAbort(rows);
        }
        handles.close();
    }
}
