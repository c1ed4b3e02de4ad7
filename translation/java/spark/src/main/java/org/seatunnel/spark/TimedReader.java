package org.seatunnel.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Element;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/** Reads some splits of a source for some time, and says at the end where it stands. */
final class TimedReader implements PartitionReader<InternalRow> {
    /** How long the first rows may take at least: a reader that connects anew each time must not be stopped before it has begun. */
    private static final long FIRST_ROWS_MILLIS = 5_000;

    private final OpenHandles handles = new OpenHandles();
    private final int source;
    private final long stopAfterNanos;
    private final long patienceNanos;
    private final long reader;
    private final List<byte[]> finished = new ArrayList<>();
    private long deadline;
    private boolean begun;
    /** Whether reading could go on from here without rows coming twice. */
    private boolean safe = true;
    private boolean done;
    private InternalRow row;

    TimedReader(byte[] payload, SplitsPartition partition, long stopAfterMillis, long patienceMillis) {
        source = partition.source;
        stopAfterNanos = stopAfterMillis * 1_000_000;
        patienceNanos = patienceMillis * 1_000_000;
        try {
            long job = handles.add(Native.jobOpen(payload));
            reader = handles.add(
                    Native.readerOpen(job, partition.source, partition.subtask, partition.parallelism, true, true));
            Native.readerAddSplits(reader, partition.splits);
            if (partition.complete) {
                Native.readerNoMoreSplits(reader);
            }
        } catch (RuntimeException e) {
            handles.close();
            throw e;
        }
        deadline = System.nanoTime() + Math.max(stopAfterNanos, FIRST_ROWS_MILLIS * 1_000_000);
    }

    @Override
    public boolean next() {
        if (done) {
            row = null;
            return false;
        }
        while (!isOver()) {
            Tasks.stopIfKilled();
            byte[] polled = Native.readerPoll(reader, patience());
            if (polled == null) {
                continue;
            }
            switch (polled[0]) {
                case Native.ELEMENT:
                    begin();
                    safe = Element.isSafe(polled);
                    return give(polled);
                case Native.SAFE:
                    begin();
                    safe = true;
                    break;
                case Native.FINISHED:
                    finished.add(Arrays.copyOfRange(polled, 1, polled.length));
                    break;
                case Native.WANTS_SPLIT:
                    // It gets another in the next query. One that holds some reads these meanwhile.
                    if (Frames.toInt(Arrays.copyOfRange(polled, 1, 5)) == 0) {
                        return giveLast();
                    }
                    break;
                case Native.END:
                    return giveLast();
                default:
                    throw new IllegalStateException("a reader gives something of kind " + polled[0]);
            }
        }
        return giveLast();
    }

    private void begin() {
        if (!begun) {
            begun = true;
            deadline = System.nanoTime() + stopAfterNanos;
        }
    }

    private long patience() {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        return left <= 0 ? Tasks.PATIENCE_MILLIS : Math.min(left + 1, Tasks.PATIENCE_MILLIS);
    }

    private boolean isOver() {
        long late = System.nanoTime() - deadline;
        if (late >= 0 && !safe && patienceNanos > 0 && late > patienceNanos) {
            throw new ConnectorException(
                    "TRANSLATION-04",
                    "a reader came to no place where a checkpoint may be taken\n"
                            + "  = help: give it more time by `checkpoint.timeout`",
                    true);
        }
        return late >= 0 && safe;
    }

    private boolean giveLast() {
        done = true;
        return give(Positions.pack(source, Native.readerSnapshot(reader), finished));
    }

    private boolean give(byte[] bytes) {
        row = new GenericInternalRow(new Object[] {bytes});
        return true;
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
