package org.seatunnel.spark;

import java.util.ArrayList;
import java.util.List;

import org.apache.spark.sql.connector.read.InputPartition;
import org.seatunnel.translation.Frames;

/** What one reader reads. */
public final class SplitsPartition implements InputPartition {
    private static final long serialVersionUID = 1L;

    /** The source's position in the job's plan. */
    public final int source;
    /** The reader's number. */
    public final int subtask;
    /** How many readers the source may have. */
    public final int parallelism;
    /** The splits, as {@link org.seatunnel.translation.Native#readerAddSplits} takes them. */
    public final byte[] splits;
    /** Whether the source will have no others. */
    public final boolean complete;

    /** For one reader. */
    public SplitsPartition(int source, int subtask, int parallelism, byte[] splits, boolean complete) {
        this.source = source;
        this.subtask = subtask;
        this.parallelism = parallelism;
        this.splits = splits;
        this.complete = complete;
    }

    /** Deals splits to readers in turn; no more readers than splits. */
    public static List<SplitsPartition> deal(int source, int parallelism, List<byte[]> splits, boolean complete) {
        int readers = Math.min(splits.size(), Math.max(parallelism, 1));
        List<SplitsPartition> partitions = new ArrayList<>();
        for (int reader = 0; reader < readers; reader++) {
            List<byte[]> hand = new ArrayList<>();
            for (int index = reader; index < splits.size(); index += readers) {
                hand.add(splits.get(index));
            }
            partitions.add(new SplitsPartition(source, reader, parallelism, Frames.pack(hand), complete));
        }
        return partitions;
    }

    @Override
    public String toString() {
        return "source " + source + ", reader " + subtask;
    }
}
