package org.seatunnel.spark.dataframe;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.connector.read.streaming.Offset;
import org.apache.spark.sql.connector.read.streaming.ReadLimit;
import org.apache.spark.sql.connector.read.streaming.SupportsTriggerAvailableNow;
import org.seatunnel.spark.Positions;
import org.seatunnel.spark.StreamSource;
import org.seatunnel.spark.StreamState;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A source as a stream of Spark's, on the driver.
 *
 * <p>Spark plans from offset to offset before it reads; where a source stands is known when it was read. So an offset is the
 * number of an epoch. What is read in it is decided when it is planned, how far when it is read for the first time; both are
 * kept ({@link EpochLog}), so that an epoch has the same rows whenever it is read again.
 */
final class SourceStream implements MicroBatchStream, SupportsTriggerAvailableNow {
    private static final Logger LOG = LoggerFactory.getLogger(SourceStream.class);

    private final SourceJob job;
    private final WantedColumns wanted;
    private final EpochLog log;
    private OpenHandles handles = new OpenHandles();
    /** Null as long as nobody has asked where they stand. */
    private List<StreamSource> sources;
    /** Behind which epoch the sources stand; or -1. */
    private long at = -1;
    /** The epoch that was planned with these sources; or -1. */
    private long planned = -1;
    private boolean endsWhenEmpty;
    /** Where a run began that ends when there is nothing more; or -1. */
    private long from = -1;

    SourceStream(SourceJob job, WantedColumns wanted, String location) {
        this.job = job;
        this.wanted = wanted;
        log = new EpochLog(location + "/seatunnel", SparkSession.active().sparkContext().hadoopConfiguration());
    }

    /** How many epochs came before. */
    private static final class Epoch extends Offset {
        final long number;

        Epoch(long number) {
            this.number = number;
        }

        @Override
        public String json() {
            return Long.toString(number);
        }
    }

    private static long number(Offset offset) {
        return offset instanceof Epoch ? ((Epoch) offset).number : Long.parseLong(offset.json());
    }

    @Override
    public Offset initialOffset() {
        return new Epoch(0);
    }

    @Override
    public Offset deserializeOffset(String json) {
        return new Epoch(Long.parseLong(json));
    }

    @Override
    public void prepareForTriggerAvailableNow() {
        endsWhenEmpty = true;
    }

    @Override
    public Offset latestOffset() {
        throw new UnsupportedOperationException("what there is depends on what was read");
    }

    @Override
    public synchronized Offset latestOffset(Offset start, ReadLimit limit) {
        long before = number(start);
        standBehind(before);
        if (endsWhenEmpty) {
            from = from < 0 ? before : from;
            if (before > from && log.plan(before).rows(log) == 0) {
                return start;
            }
        }
        boolean hasSome = false;
        for (StreamSource source : sources) {
            hasSome |= !source.splits().isEmpty();
        }
        return hasSome ? new Epoch(before + 1) : start;
    }

    @Override
    public synchronized InputPartition[] planInputPartitions(Offset start, Offset end) {
        long before = number(start);
        long epoch = number(end);
        if (epoch == before) {
            return new InputPartition[0];
        }
        if (epoch != before + 1) {
            throw new IllegalStateException("epochs are read one by one, and Spark asks for " + before + " to " + epoch);
        }
        EpochPlan plan = log.plan(epoch);
        if (plan == null) {
            standBehind(before);
            plan = log.decide(plan(epoch));
            planned = epoch;
        }
        return plan.partitions.toArray(new InputPartition[0]);
    }

    /** A split to each reader, so that what it reads has one order. */
    private EpochPlan plan(long epoch) {
        List<EpochPartition> partitions = new ArrayList<>();
        Map<Integer, StreamState.Source> before = new TreeMap<>();
        for (int index = 0; index < sources.size(); index++) {
            StreamSource source = sources.get(index);
            JobDescription.SourceNode node = job.description().sources.get(index);
            List<byte[]> splits = source.splits();
            // What ends can be read one after the other; what does not end must be read all the time.
            int most = node.isBounded ? Math.min(splits.size(), Math.max(node.parallelism, 1)) : splits.size();
            for (byte[] split : splits.subList(0, most)) {
                partitions.add(new EpochPartition(
                        epoch, partitions.size(), source.node(), split, source.isComplete(), most));
            }
            before.put(source.node(), source.snapshot());
        }
        return new EpochPlan(epoch, new StreamState(epoch - 1, before, List.of()), partitions);
    }

    /** Brings the sources to where they stand behind an epoch. */
    private void standBehind(long epoch) {
        if (at == epoch) {
            return;
        }
        if (epoch == 0) {
            open(null);
        } else {
            EpochPlan plan = log.plan(epoch);
            if (plan == null) {
                throw new ConnectorException(
                        "TRANSLATION-08",
                        "epoch " + epoch + " of the stream is not known any more: files below the checkpointLocation are missing\n"
                                + "  = help: start the query with another checkpointLocation",
                        false);
            }
            if (planned != epoch) {
                open(plan.before);
            }
            List<Positions> behind = plan.behind(log);
            sources.forEach(source -> source.moved(behind));
        }
        at = epoch;
    }

    private void open(StreamState from) {
        handles.close();
        handles = new OpenHandles();
        sources = new ArrayList<>();
        for (JobDescription.SourceNode node : job.description().sources) {
            StreamState.Source state = from == null ? null : from.sources.get(node.node);
            if (from != null && state == null) {
                throw new ConnectorException(
                        "TRANSLATION-02",
                        "the checkpointLocation knows nothing of " + node.name
                                + "\n  = help: the job file was changed; start the query with another checkpointLocation",
                        false);
            }
            sources.add(new StreamSource(job.handle(), node, state, handles));
        }
    }

    @Override
    public PartitionReaderFactory createReaderFactory() {
        JobDescription description = job.description();
        EpochOrder order = new EpochOrder(log, description.checkpointInterval, description.checkpointTimeout);
        return new ColumnsReaderFactory(job.payload(), job.table(), wanted, order);
    }

    /** An epoch is done with: whoever waits for progress outside may know, and what was before it is forgotten. */
    @Override
    public synchronized void commit(Offset end) {
        long epoch = number(end);
        EpochPlan plan = log.plan(epoch);
        if (plan == null) {
            return;
        }
        standBehind(epoch);
        List<Positions> behind = plan.behind(log);
        for (StreamSource source : sources) {
            try {
                source.durable(behind);
            } catch (ConnectorException e) {
                LOG.warn("{}: progress could not be made known outside: {}", source.name(), e.getMessage());
            }
        }
        log.forgetBefore(epoch);
    }

    @Override
    public synchronized void stop() {
        handles.close();
    }

    /** What Spark shows of it. */
    @Override
    public String toString() {
        return "source of a job";
    }
}
