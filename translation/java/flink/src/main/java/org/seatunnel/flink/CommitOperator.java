package org.seatunnel.flink;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/**
 * Commits, for all writers of a job, what is in a checkpoint that is complete. There is one: sinks see all parts of a checkpoint
 * in one place, and what only the whole job can tell, such as how many rows there were, is known here.
 *
 * <p>After a restart the parts of the checkpoint are committed once more: nobody knows whether they were. Sinks take that for
 * done.
 */
final class CommitOperator extends AbstractStreamOperator<byte[]>
        implements OneInputStreamOperator<byte[], byte[]>, BoundedOneInput {
    private static final long serialVersionUID = 1L;

    private final byte[] payload;
    private final String run;

    private transient OpenHandles handles;
    private transient long job;
    private transient Attempt attempt;
    private transient ListState<byte[]> stored;
    /** What the next checkpoint will know. */
    private transient CommitState state;
    /** How many of the parts in {@link #state} a checkpoint has that is under way. */
    private transient NavigableMap<Long, Integer> underWay;
    private transient List<LongCounter> counters;
    private transient boolean isEnded;
    /** From this checkpoint on nothing can follow. */
    private transient long lastCheckpoint;
    private transient boolean isFinished;

    CommitOperator(byte[] payload, String run) {
        this.payload = payload;
        this.run = run;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        handles = new OpenHandles();
        underWay = new TreeMap<>();
        lastCheckpoint = Long.MAX_VALUE;
        attempt = new Attempt(
                run,
                context.getRestoredCheckpointId().orElse(0),
                getRuntimeContext().getTaskInfo().getAttemptNumber());
        stored = context.getOperatorStateStore()
                .getListState(new ListStateDescriptor<>("prepared", BytePrimitiveArraySerializer.INSTANCE));
        state = new CommitState();
        for (byte[] bytes : stored.get()) {
            state = CommitState.of(bytes);
        }
        counters = new ArrayList<>();
        for (String name : Counts.NAMES) {
            LongCounter counter = new LongCounter();
            getRuntimeContext().addAccumulator(name, counter);
            counters.add(counter);
        }
        try {
            job = handles.add(Native.jobOpen(attempt.payload(payload)));
            goOn();
        } catch (ConnectorException e) {
            throw Failures.forFlink(e);
        }
    }

    /** Makes good for what an attempt before this one has left. */
    private void goOn() {
        commit(state.parts.size());
        Set<String> before = attempt.before(state.attempts);
        for (String id : before) {
            Native.jobDiscardAttempt(job, Frames.ofText(id));
        }
        state.attempts.clear();
        state.attempts.add(attempt.id());
    }

    @Override
    public void processElement(StreamRecord<byte[]> record) {
        Prepared prepared = Prepared.of(record.getValue());
        if (!prepared.attempt.equals(attempt.id())) {
            // What it has prepared may have been taken back.
            throw new SuppressRestartsException(new ConnectorException(
                    "TRANSLATION-03",
                    "tasks of the job were not started together: one is of attempt " + prepared.attempt
                            + ", another of " + attempt.id()
                            + "\n  = help: use Flink's default scheduler: jobmanager.scheduler = Default",
                    false));
        }
        state.counts.add(prepared.counts);
        state.parts.addAll(prepared.parts);
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        stored.update(List.of(state.toBytes()));
        underWay.put(context.getCheckpointId(), state.parts.size());
        if (isEnded) {
            lastCheckpoint = Math.min(lastCheckpoint, context.getCheckpointId());
        }
    }

    @Override
    public void endInput() {
        isEnded = true;
    }

    @Override
    public void notifyCheckpointComplete(long checkpoint) throws Exception {
        super.notifyCheckpointComplete(checkpoint);
        Integer parts = underWay.get(checkpoint);
        if (parts == null) {
            return;
        }
        try {
            commit(parts);
            NavigableMap<Long, Integer> later = new TreeMap<>();
            underWay.tailMap(checkpoint, false).forEach((id, count) -> later.put(id, count - parts));
            underWay = later;
            if (checkpoint >= lastCheckpoint && !isFinished) {
                isFinished = true;
                Native.jobFinish(job, -1);
            }
        } catch (ConnectorException e) {
            throw Failures.forFlink(e);
        }
    }

    /** Commits so many of the parts that were prepared first. */
    private void commit(int count) {
        if (count > 0) {
            List<byte[]> parts = state.parts.subList(0, count);
            Native.jobCommit(job, Frames.pack(parts));
            parts.clear();
        }
        long[] numbers = state.counts.toArray();
        for (int index = 0; index < numbers.length; index++) {
            counters.get(index).resetLocal();
            counters.get(index).add(numbers[index]);
        }
    }

    @Override
    public void close() throws Exception {
        if (handles != null) {
            handles.close();
        }
        super.close();
    }
}
