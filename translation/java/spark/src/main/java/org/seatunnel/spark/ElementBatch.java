package org.seatunnel.spark;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;

/** The reading side of a query. */
final class ElementBatch implements Batch {
    private final JobRun run;

    ElementBatch(JobRun run) {
        this.run = run;
    }

    @Override
    public InputPartition[] planInputPartitions() {
        return run.splits().partitions();
    }

    @Override
    public PartitionReaderFactory createReaderFactory() {
        return new Factory(run.payload());
    }

    /** Goes to the executors, with the job in it. */
    private static final class Factory implements PartitionReaderFactory {
        private static final long serialVersionUID = 1L;

        private final byte[] payload;

        Factory(byte[] payload) {
            this.payload = payload;
        }

        @Override
        public PartitionReader<InternalRow> createReader(InputPartition partition) {
            return new ElementReader(payload, (SplitsPartition) partition);
        }
    }
}
