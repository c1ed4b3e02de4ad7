package org.seatunnel.spark.dataframe;

import java.util.List;

import org.seatunnel.spark.Positions;
import org.seatunnel.translation.Frames;

/** How far a split was read in an epoch: whoever reads the epoch once more reads as many rows of it. */
final class EpochEnd {
    /** How many rows were given to Spark. */
    final long rows;
    /** The split as it stands behind them, unless it is at its end. */
    private final List<byte[]> held;
    /** The split, if it is at its end. */
    private final List<byte[]> finished;

    /** @param snapshot as {@link org.seatunnel.translation.Native#columnsSnapshot} gives it */
    EpochEnd(long rows, byte[] snapshot) {
        this.rows = rows;
        List<byte[]> splits = Frames.unpack(snapshot);
        held = Frames.unpack(splits.get(0));
        finished = Frames.unpack(splits.get(1));
    }

    byte[] toBytes() {
        return Frames.pack(
                Frames.ofText(Long.toString(rows)), Frames.pack(Frames.pack(held), Frames.pack(finished)));
    }

    static EpochEnd of(byte[] bytes) {
        List<byte[]> fields = Frames.unpack(bytes);
        return new EpochEnd(Long.parseLong(Frames.toText(fields.get(0))), fields.get(1));
    }

    /** Where a reader of this source stands with that. */
    Positions of(int source) {
        return new Positions(source, held, finished);
    }
}
