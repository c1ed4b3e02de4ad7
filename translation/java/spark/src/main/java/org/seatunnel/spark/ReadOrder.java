package org.seatunnel.spark;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;

/** Tells executors how to read. It goes there with the job in it. */
final class ReadOrder implements PartitionReaderFactory {
    private static final long serialVersionUID = 1L;

    private final byte[] payload;
    private final long stopAfterMillis;
    private final long patienceMillis;

    private ReadOrder(byte[] payload, long stopAfterMillis, long patienceMillis) {
        this.payload = payload;
        this.stopAfterMillis = stopAfterMillis;
        this.patienceMillis = patienceMillis;
    }

    /** All splits to their ends. */
    static ReadOrder toTheEnd(byte[] payload) {
        return new ReadOrder(payload, 0, 0);
    }

    /**
     * For some time, and up to where the next query can go on.
     *
     * @param stopAfterMillis the time
     * @param patienceMillis how much longer it may take to come to such a place; 0 for no limit
     */
    static ReadOrder forSomeTime(byte[] payload, long stopAfterMillis, long patienceMillis) {
        return new ReadOrder(payload, Math.max(stopAfterMillis, 1), patienceMillis);
    }

    @Override
    public PartitionReader<InternalRow> createReader(InputPartition partition) {
        SplitsPartition splits = (SplitsPartition) partition;
        return stopAfterMillis == 0
                ? new ElementReader(payload, splits)
                : new TimedReader(payload, splits, stopAfterMillis, patienceMillis);
    }
}
