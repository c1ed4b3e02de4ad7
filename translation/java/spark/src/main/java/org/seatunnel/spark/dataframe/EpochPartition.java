package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.connector.read.InputPartition;
import org.seatunnel.spark.SplitsPartition;
import org.seatunnel.translation.Frames;

/** A split that is read in an epoch of a stream. */
final class EpochPartition implements InputPartition {
    private static final long serialVersionUID = 1L;

    final long epoch;
    /** Its number in the epoch. */
    final int index;
    /** The source's position in the job's plan. */
    final int source;
    /** The split, as frames of id and split. */
    final byte[] split;
    /** Whether the source will have no others. */
    final boolean complete;
    /** How many are read at the same time. */
    final int parallelism;

    EpochPartition(long epoch, int index, int source, byte[] split, boolean complete, int parallelism) {
        this.epoch = epoch;
        this.index = index;
        this.source = source;
        this.split = split;
        this.complete = complete;
        this.parallelism = parallelism;
    }

    /** What a reader of it reads. */
    SplitsPartition splits() {
        return new SplitsPartition(source, index, Math.max(parallelism, index + 1), Frames.pack(split), complete);
    }

    @Override
    public String toString() {
        return "epoch " + epoch + ", split " + index;
    }
}
