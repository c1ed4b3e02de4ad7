package org.seatunnel.spark;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/** Reads some splits of a source, in a task. */
final class ElementReader implements PartitionReader<InternalRow> {
    private final OpenHandles handles = new OpenHandles();
    private final long reader;
    private InternalRow row;

    ElementReader(byte[] payload, SplitsPartition partition) {
        try {
            long job = handles.add(Native.jobOpen(payload));
            // No positions: a task that fails reads its splits from the beginning.
            reader = handles.add(
                    Native.readerOpen(job, partition.source, partition.subtask, partition.parallelism, false, true));
            Native.readerAddSplits(reader, partition.splits);
            Native.readerNoMoreSplits(reader);
        } catch (RuntimeException e) {
            handles.close();
            throw e;
        }
    }

    @Override
    public boolean next() {
        while (true) {
            Tasks.stopIfKilled();
            byte[] polled = Native.readerPoll(reader, Tasks.PATIENCE_MILLIS);
            if (polled == null) {
                continue;
            }
            if (polled[0] == Native.ELEMENT) {
                row = new GenericInternalRow(new Object[] {polled});
                return true;
            }
            if (polled[0] == Native.END) {
                row = null;
                return false;
            }
            // What else there is matters to engines that deal splits while they run, or take checkpoints.
        }
    }

    @Override
    public InternalRow get() {
        return row;
    }

    @Override
    public void close() {
        handles.close();
    }
}
