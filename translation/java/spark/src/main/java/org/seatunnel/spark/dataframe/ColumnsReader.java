package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.unsafe.Platform;
import org.seatunnel.spark.OpenHandles;
import org.seatunnel.spark.SplitsPartition;
import org.seatunnel.spark.Tasks;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Native;

/** Reads some splits of a source, in a task. What it gives lies in memory of the native side, until the next is asked for. */
final class ColumnsReader implements PartitionReader<ColumnarBatch> {
    private final OpenHandles handles = new OpenHandles();
    private final ColumnsReaderFactory order;
    private final long columns;
    private long struct;
    private boolean filled;
    private ColumnarBatch batch;

    ColumnsReader(byte[] payload, SplitsPartition partition, int table, ColumnsReaderFactory order) {
        this.order = order;
        try {
            long job = handles.add(Native.jobOpen(payload));
            columns = handles.add(Native.columnsOpen(
                    job, partition.source, partition.subtask, partition.parallelism, table, partition.splits));
        } catch (RuntimeException e) {
            handles.close();
            throw e;
        }
        struct = Platform.allocateMemory(ArrowColumn.STRUCT_BYTES);
    }

    @Override
    public boolean next() {
        release();
        while (true) {
            Tasks.stopIfKilled();
            long polled = Native.columnsPoll(columns, Tasks.PATIENCE_MILLIS, struct);
            if (polled == Native.COLUMNS_END) {
                return false;
            }
            if (polled != Native.NO_COLUMNS) {
                filled = true;
                batch = batch((int) (polled >> 1), (polled & 1) != 0);
                return true;
            }
        }
    }

    private ColumnarBatch batch(int rows, boolean hasChanges) {
        if (hasChanges && !order.asksForKinds()) {
            throw new ConnectorException(
                    "TRANSLATION-05",
                    "the source gives updates or deletes, and what a row does was not asked for\n"
                            + "  = help: select the column " + SeaTunnelTable.ROW_KIND
                            + " too, or keep inserts only by a FilterRowKind transform",
                    false);
        }
        int[] positions = order.positions();
        ColumnVector[] vectors = new ColumnVector[positions.length];
        for (int index = 0; index < vectors.length; index++) {
            long column = ArrowColumn.child(struct, positions[index]);
            vectors[index] = positions[index] == order.kinds()
                    ? new RowKindColumn(column)
                    : new ArrowColumn(order.types()[index], column, ArrowColumn.offset(struct));
        }
        return new ColumnarBatch(vectors, rows);
    }

    @Override
    public ColumnarBatch get() {
        return batch;
    }

    private void release() {
        if (filled) {
            filled = false;
            batch = null;
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
