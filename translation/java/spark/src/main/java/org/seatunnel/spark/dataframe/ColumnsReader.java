package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.seatunnel.spark.SplitsPartition;
import org.seatunnel.spark.Tasks;
import org.seatunnel.translation.Native;

/** Reads some splits of a source to their ends, in a task. */
final class ColumnsReader implements PartitionReader<ColumnarBatch> {
    private final NativeColumns columns;
    private ColumnarBatch batch;

    ColumnsReader(byte[] payload, SplitsPartition partition, int table, WantedColumns wanted) {
        columns = new NativeColumns(payload, partition, table, wanted, false);
    }

    @Override
    public boolean next() {
        while (true) {
            Tasks.stopIfKilled();
            batch = null;
            long polled = columns.poll(Tasks.PATIENCE_MILLIS);
            if (polled == Native.COLUMNS_END) {
                return false;
            }
            if (polled >= 0) {
                batch = columns.batch(polled, NativeColumns.rows(polled));
                return true;
            }
        }
    }

    @Override
    public ColumnarBatch get() {
        return batch;
    }

    @Override
    public void close() {
        columns.close();
    }
}
