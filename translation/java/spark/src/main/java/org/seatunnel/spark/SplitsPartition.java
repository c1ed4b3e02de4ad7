package org.seatunnel.spark;

import org.apache.spark.sql.connector.read.InputPartition;

/** What one reader reads. */
final class SplitsPartition implements InputPartition {
    private static final long serialVersionUID = 1L;

    /** The source's position in the job's plan. */
    final int source;
    /** The reader's number. */
    final int subtask;
    /** How many readers the source may have. */
    final int parallelism;
    /** The splits, as {@link org.seatunnel.translation.Native#readerAddSplits} takes them. */
    final byte[] splits;

    SplitsPartition(int source, int subtask, int parallelism, byte[] splits) {
        this.source = source;
        this.subtask = subtask;
        this.parallelism = parallelism;
        this.splits = splits;
    }

    @Override
    public String toString() {
        return "source " + source + ", reader " + subtask;
    }
}
