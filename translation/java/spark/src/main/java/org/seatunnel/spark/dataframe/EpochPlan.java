package org.seatunnel.spark.dataframe;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.seatunnel.spark.Positions;
import org.seatunnel.spark.StreamState;
import org.seatunnel.translation.Frames;

/** What is read in an epoch of a stream: where all sources stand before it, and which splits are its. */
final class EpochPlan {
    final long epoch;
    /** Sources with all splits that they hold before the epoch, those that are read in it included. */
    final StreamState before;
    final List<EpochPartition> partitions;

    EpochPlan(long epoch, StreamState before, List<EpochPartition> partitions) {
        this.epoch = epoch;
        this.before = before;
        this.partitions = partitions;
    }

    byte[] toBytes() {
        List<byte[]> all = new ArrayList<>();
        for (EpochPartition partition : partitions) {
            all.add(Frames.pack(
                    Frames.ofInt(partition.source),
                    partition.split,
                    Frames.ofInt(partition.complete ? 1 : 0),
                    Frames.ofInt(partition.parallelism)));
        }
        return Frames.pack(before.toBytes(), Frames.pack(all));
    }

    static EpochPlan of(byte[] bytes) {
        List<byte[]> fields = Frames.unpack(bytes);
        StreamState before = StreamState.of(fields.get(0));
        long epoch = before.number + 1;
        List<EpochPartition> partitions = new ArrayList<>();
        for (byte[] partition : Frames.unpack(fields.get(1))) {
            List<byte[]> own = Frames.unpack(partition);
            partitions.add(new EpochPartition(
                    epoch,
                    partitions.size(),
                    Frames.toInt(own.get(0)),
                    own.get(1),
                    Frames.toInt(own.get(2)) != 0,
                    Frames.toInt(own.get(3))));
        }
        return new EpochPlan(epoch, before, partitions);
    }

    /** Where all splits stand behind the epoch; one that nobody has read to an end stands where it was. */
    List<Positions> behind(EpochLog log) {
        List<Positions> all = new ArrayList<>();
        Set<ByteBuffer> read = new HashSet<>();
        for (EpochPartition partition : partitions) {
            EpochEnd end = log.end(epoch, partition.index);
            if (end != null) {
                read.add(ByteBuffer.wrap(partition.split));
                all.add(end.of(partition.source));
            }
        }
        before.sources.forEach((node, source) -> {
            List<byte[]> others = new ArrayList<>(source.held);
            others.removeIf(split -> read.contains(ByteBuffer.wrap(split)));
            all.add(new Positions(node, others, List.of()));
        });
        return all;
    }

    /** How many rows it has given. */
    long rows(EpochLog log) {
        long rows = 0;
        for (EpochPartition partition : partitions) {
            EpochEnd end = log.end(epoch, partition.index);
            rows += end == null ? 0 : end.rows;
        }
        return rows;
    }
}
