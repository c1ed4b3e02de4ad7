package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.seatunnel.spark.SplitsPartition;

/** Tells executors what to read. It goes there with the job in it. */
final class ColumnsReaderFactory implements PartitionReaderFactory {
    private static final long serialVersionUID = 1L;

    private final byte[] payload;
    private final int table;
    private final WantedColumns wanted;
    /** How long an epoch of a stream lasts; null if all is read to its end. */
    private final EpochOrder epochs;

    ColumnsReaderFactory(byte[] payload, int table, WantedColumns wanted, EpochOrder epochs) {
        this.payload = payload;
        this.table = table;
        this.wanted = wanted;
        this.epochs = epochs;
    }

    @Override
    public boolean supportColumnarReads(InputPartition partition) {
        return true;
    }

    @Override
    public PartitionReader<ColumnarBatch> createColumnarReader(InputPartition partition) {
        return epochs == null
                ? new ColumnsReader(payload, (SplitsPartition) partition, table, wanted)
                : new EpochReader(payload, (EpochPartition) partition, table, wanted, epochs);
    }

    @Override
    public PartitionReader<InternalRow> createReader(InputPartition partition) {
        throw new UnsupportedOperationException("all is read as columns");
    }
}
