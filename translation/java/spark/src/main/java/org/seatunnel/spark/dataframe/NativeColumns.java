package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.unsafe.Platform;
import org.seatunnel.spark.SplitsPartition;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/** What a reader gives, in a task. It lies in memory of the native side, until the next is asked for. */
final class NativeColumns implements AutoCloseable {
    private final OpenHandles handles = new OpenHandles();
    private final WantedColumns wanted;
    private final long columns;
    private long struct;
    private boolean filled;

    /** @param positions whether {@link #snapshot} will be asked for */
    NativeColumns(byte[] payload, SplitsPartition partition, int table, WantedColumns wanted, boolean positions) {
        this.wanted = wanted;
        try {
            long job = handles.add(Native.jobOpen(payload));
            columns = handles.add(Native.columnsOpen(
                    job,
                    partition.source,
                    partition.subtask,
                    partition.parallelism,
                    table,
                    partition.splits,
                    partition.complete,
                    positions));
        } catch (RuntimeException e) {
            handles.close();
            throw e;
        }
        struct = Platform.allocateMemory(ArrowColumn.STRUCT_BYTES);
    }

    /** What comes next, as {@link Native#columnsPoll} has it. */
    long poll(long timeoutMillis) {
        release();
        long polled = Native.columnsPoll(columns, timeoutMillis, struct);
        filled = polled >= 0;
        return polled;
    }

    /** How many rows {@link #poll} gave; if it was none of the negative numbers. */
    static int rows(long polled) {
        return (int) (polled >> 2);
    }

    /** Whether reading could go on behind what {@link #poll} gave. */
    static boolean isSafe(long polled) {
        return (polled & 2) != 0;
    }

    /** The first rows of those that {@link #poll} gave. */
    ColumnarBatch batch(long polled, int rows) {
        boolean hasChanges = (polled & 1) != 0;
        if (hasChanges && !wanted.asksForKinds) {
            throw new ConnectorException(
                    "TRANSLATION-05",
                    "the source gives updates or deletes, and what a row does was not asked for\n"
                            + "  = help: select the column " + SeaTunnelTable.ROW_KIND
                            + " too, or keep inserts only by a FilterRowKind transform",
                    false);
        }
        ColumnVector[] vectors = new ColumnVector[wanted.positions.length];
        for (int index = 0; index < vectors.length; index++) {
            int position = wanted.positions[index];
            long column = ArrowColumn.child(struct, position);
            vectors[index] = position == wanted.kinds
                    ? new RowKindColumn(column)
                    : new ArrowColumn(wanted.types[index], column, ArrowColumn.offset(struct));
        }
        return new ColumnarBatch(vectors, rows);
    }

    /** As {@link Native#columnsSnapshot} has it. */
    byte[] snapshot() {
        return Native.columnsSnapshot(columns);
    }

    private void release() {
        if (filled) {
            filled = false;
            Native.columnsRelease(struct);
        }
    }

    @Override
    public void close() {
        release();
        if (struct != 0) {
            Platform.freeMemory(struct);
            struct = 0;
        }
        handles.close();
    }
}
