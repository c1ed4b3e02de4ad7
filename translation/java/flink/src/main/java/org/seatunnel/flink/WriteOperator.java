package org.seatunnel.flink;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Element;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/**
 * Writes what one reader gives to all sinks that it reaches: so rows of a reader stay in order, and never leave its task. A
 * writer is opened at its first rows.
 *
 * <p>What writers have prepared goes on before the barrier, so that a checkpoint has it where it is committed. Writers
 * themselves have no state.
 */
final class WriteOperator extends AbstractStreamOperator<byte[]>
        implements OneInputStreamOperator<byte[], byte[]>, BoundedOneInput {
    private static final long serialVersionUID = 1L;

    private final byte[] payload;
    private final String run;
    private final int firstWriter;
    private final int writerCount;

    private transient OpenHandles handles;
    private transient Map<Integer, Long> writers;
    private transient Attempt attempt;
    private transient long job;
    private transient Counts counts;
    private transient long lastCheckpoint;
    private transient boolean isEnded;

    /**
     * @param run the job's number
     * @param firstWriter the number of this source's first writer
     * @param writerCount how many a sink may get, from all sources
     */
    WriteOperator(byte[] payload, String run, int firstWriter, int writerCount) {
        this.payload = payload;
        this.run = run;
        this.firstWriter = firstWriter;
        this.writerCount = writerCount;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        lastCheckpoint = context.getRestoredCheckpointId().orElse(0);
        attempt = new Attempt(run, lastCheckpoint, getRuntimeContext().getTaskInfo().getAttemptNumber());
        handles = new OpenHandles();
        writers = new LinkedHashMap<>();
        counts = new Counts();
    }

    @Override
    public void processElement(StreamRecord<byte[]> record) throws Exception {
        byte[] element = record.getValue();
        counts.read(element);
        if (!Element.hasRows(element)) {
            return;
        }
        try {
            Integer sink = Element.sink(element);
            Long writer = writers.get(sink);
            if (writer == null) {
                writer = open(sink);
                writers.put(sink, writer);
            }
            while (!Native.writerWrite(writer, element, Tasks.PATIENCE_MILLIS)) {
                Tasks.stopIfCancelled();
            }
        } catch (ConnectorException e) {
            throw Failures.forFlink(e);
        }
    }

    private long open(int sink) {
        if (writers.isEmpty()) {
            job = handles.add(Native.jobOpen(attempt.payload(payload)));
        }
        int index = firstWriter + getRuntimeContext().getTaskInfo().getIndexOfThisSubtask();
        return handles.add(Native.writerOpen(job, sink, attempt.writerNumber(index, writerCount), writerCount));
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpoint) throws Exception {
        super.prepareSnapshotPreBarrier(checkpoint);
        lastCheckpoint = checkpoint;
        if (!isEnded) {
            prepare(checkpoint, false);
        }
    }

    @Override
    public void endInput() throws Exception {
        prepare(lastCheckpoint + 1, true);
        isEnded = true;
    }

    private void prepare(long checkpoint, boolean isLast) throws InterruptedException {
        List<byte[]> parts = new ArrayList<>();
        try {
            // All are asked before the first is waited for: they work at the same time.
            for (long writer : writers.values()) {
                Native.writerPrepareStart(writer, checkpoint, isLast);
            }
            for (long writer : writers.values()) {
                byte[] part;
                while ((part = Native.writerPrepared(writer, Tasks.PATIENCE_MILLIS)) == null) {
                    Tasks.stopIfCancelled();
                }
                counts.written(part);
                parts.add(part);
            }
        } catch (ConnectorException e) {
            throw Failures.forFlink(e);
        }
        output.collect(new StreamRecord<>(new Prepared(attempt.id(), counts, parts).toBytes()));
        counts = new Counts();
    }

    @Override
    public void close() throws Exception {
        if (handles != null) {
            if (!isEnded) {
                writers.values().forEach(Native::writerAbort);
            }
            handles.close();
        }
        super.close();
    }
}
