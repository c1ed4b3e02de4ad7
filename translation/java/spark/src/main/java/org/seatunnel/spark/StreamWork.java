package org.seatunnel.spark;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One query of a streaming job: what comes within some time.
 *
 * <p>How far readers have come is known at the end only. So the new state is kept, with what was prepared in it, and then
 * committed: whoever goes on from it commits the same once more, which must do nothing then, and reads on behind it.
 */
final class StreamWork implements QueryWork {
    private static final Logger LOG = LoggerFactory.getLogger(StreamWork.class);

    private final JobRun run;
    private final long job;
    private final List<StreamSource> sources;
    private final InputPartition[] partitions;
    private final StateStore store;
    private final long number;
    private boolean durable;

    /**
     * @param job see {@link StreamJob}
     * @param number how many queries there are with this one
     */
    StreamWork(
            JobRun run,
            long job,
            List<StreamSource> sources,
            List<SplitsPartition> partitions,
            StateStore store,
            long number) {
        this.run = run;
        this.job = job;
        this.sources = sources;
        this.partitions = partitions.toArray(new InputPartition[0]);
        this.store = store;
        this.number = number;
    }

    @Override
    public InputPartition[] partitions() {
        return partitions.clone();
    }

    @Override
    public ReadOrder readOrder() {
        JobDescription description = run.description();
        return ReadOrder.forSomeTime(run.payload(), description.checkpointInterval, description.checkpointTimeout);
    }

    @Override
    public long checkpoint() {
        return number;
    }

    @Override
    public void commit(WriterCommitMessage[] messages) {
        run.count(messages);
        List<Positions> positions = PreparedParts.positions(messages);
        for (StreamSource source : sources) {
            source.moved(positions);
        }
        StreamState state = new StreamState(number, snapshot(sources), PreparedParts.parts(messages));
        store.write(state);
        durable = true;
        Native.jobCommit(job, Frames.pack(state.parts));
        for (StreamSource source : sources) {
            try {
                source.durable(positions);
            } catch (ConnectorException e) {
                LOG.warn("{}: progress could not be made known outside: {}", source.name(), e.getMessage());
            }
        }
    }

    /** What is in a state that is kept is not taken back: the state is gone on from. */
    @Override
    public void abort(WriterCommitMessage[] messages) {
        if (!durable) {
            Native.jobAbort(run.job(), Frames.pack(PreparedParts.parts(messages)));
        }
    }

    /** Where sources stand. */
    static Map<Integer, StreamState.Source> snapshot(List<StreamSource> sources) {
        Map<Integer, StreamState.Source> all = new TreeMap<>();
        for (StreamSource source : sources) {
            all.put(source.node(), source.snapshot());
        }
        return all;
    }
}
