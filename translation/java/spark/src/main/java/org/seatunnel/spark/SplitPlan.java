package org.seatunnel.spark;

import java.util.ArrayList;
import java.util.List;

import org.apache.spark.sql.connector.read.InputPartition;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;

/**
 * What a job's sources have to read, dealt to partitions.
 *
 * <p>Spark may ask for the partitions of one scan more than once. Sources are asked once, so that all readers belong to one
 * look at the source; and their enumerators stay open as long as the job, because what readers need may hang on them: a
 * snapshot of a database that they share, say.
 */
final class SplitPlan {
    private final long job;
    private final JobDescription description;
    private final OpenHandles handles;
    private InputPartition[] partitions;

    SplitPlan(long job, JobDescription description, OpenHandles handles) {
        this.job = job;
        this.description = description;
        this.handles = handles;
    }

    /** The partitions, of all sources. */
    synchronized InputPartition[] partitions() {
        if (partitions == null) {
            List<InputPartition> all = new ArrayList<>();
            for (JobDescription.SourceNode source : description.sources) {
                long enumerator = handles.add(Native.enumeratorOpen(job, source.node, source.parallelism, null));
                all.addAll(deal(source.node, source.parallelism, Frames.unpack(Native.enumeratorAll(enumerator))));
            }
            partitions = all.toArray(new InputPartition[0]);
        }
        return partitions.clone();
    }

    /** Deals splits to readers in turn; no more readers than splits. */
    static List<SplitsPartition> deal(int source, int parallelism, List<byte[]> splits) {
        int readers = Math.min(splits.size(), Math.max(parallelism, 1));
        List<List<byte[]>> hands = new ArrayList<>();
        for (int reader = 0; reader < readers; reader++) {
            hands.add(new ArrayList<>());
        }
        for (int index = 0; index < splits.size(); index++) {
            hands.get(index % readers).add(splits.get(index));
        }
        List<SplitsPartition> partitions = new ArrayList<>();
        for (int reader = 0; reader < readers; reader++) {
            partitions.add(new SplitsPartition(source, reader, parallelism, Frames.pack(hands.get(reader))));
        }
        return partitions;
    }
}
