package org.seatunnel.flink;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.core.io.InputStatus;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Element;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/** Reads splits, in a task. */
public final class ElementReader<T> implements SourceReader<T, ElementSplit> {
    /** How long to wait here for what is about to come, before Flink is told to wait: that costs more. */
    private static final long SHORTLY_MILLIS = 2;

    /**
     * Makes records of elements.
     *
     * @param <T> the type of records
     */
    public interface Records<T> {
        /** Emits what an element holds. */
        void emit(byte[] element, ReaderOutput<T> output);
    }

    private final SourceReaderContext context;
    private final Records<T> records;
    private final OpenHandles handles = new OpenHandles();
    private final long reader;
    private final Availability availability;
    /** Splits that are finished, and of which the enumerator's state may not know yet. */
    private final List<FinishedSplit> finished = new ArrayList<>();
    /** Restored ones, told of as soon as somebody listens. */
    private final List<byte[]> toTell = new ArrayList<>();
    /** Positions in checkpoints that are not complete yet. */
    private final SortedMap<Long, byte[]> positions = new TreeMap<>();
    private boolean isStarted;
    private long lastCheckpoint;
    private long lastComplete;

    /**
     * @param payload the job
     * @param node the source's position in the job's plan
     */
    public ElementReader(byte[] payload, int node, SourceReaderContext context, Records<T> records) {
        this.context = context;
        this.records = records;
        try {
            long job = handles.add(Native.jobOpen(payload));
            reader = handles.add(Native.readerOpen(
                    job, node, context.getIndexOfSubtask(), context.currentParallelism(), true, false));
        } catch (ConnectorException e) {
            handles.close();
            throw Failures.forFlink(e);
        }
        availability = new Availability(reader, "seatunnel-reader-" + node + "-" + context.getIndexOfSubtask());
    }

    @Override
    public void start() {
        isStarted = true;
        for (byte[] split : toTell) {
            context.sendSourceEventToCoordinator(ReaderEvent.finished(split));
        }
        toTell.clear();
    }

    /**
     * Emits until a checkpoint may be taken: Flink takes none inside of this call.
     */
    @Override
    public InputStatus pollNext(ReaderOutput<T> output) throws Exception {
        try {
            return poll(output);
        } catch (ConnectorException e) {
            throw Failures.forFlink(e);
        }
    }

    private InputStatus poll(ReaderOutput<T> output) throws InterruptedException {
        boolean isSafe = true;
        while (true) {
            byte[] polled = Native.readerPoll(reader, isSafe ? SHORTLY_MILLIS : Tasks.PATIENCE_MILLIS);
            if (polled == null) {
                if (isSafe) {
                    return InputStatus.NOTHING_AVAILABLE;
                }
                Tasks.stopIfCancelled();
                continue;
            }
            switch (polled[0]) {
                case Native.ELEMENT:
                    records.emit(polled, output);
                    isSafe = Element.isSafe(polled);
                    break;
                case Native.SAFE:
                    isSafe = true;
                    break;
                case Native.WANTS_SPLIT:
                    int held = Frames.toInt(Arrays.copyOfRange(polled, 1, 5));
                    context.sendSourceEventToCoordinator(ReaderEvent.wantsSplit(held));
                    break;
                case Native.FINISHED:
                    finish(Arrays.copyOfRange(polled, 1, polled.length));
                    break;
                case Native.END:
                    context.sendSourceEventToCoordinator(ReaderEvent.atEnd());
                    return InputStatus.END_OF_INPUT;
                default:
                    throw new IllegalStateException("a reader gives something of kind " + polled[0]);
            }
            if (isSafe) {
                return InputStatus.MORE_AVAILABLE;
            }
        }
    }

    private void finish(byte[] split) {
        finished.add(new FinishedSplit(split, lastCheckpoint));
        context.sendSourceEventToCoordinator(ReaderEvent.finished(split));
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
        return availability.get();
    }

    @Override
    public List<ElementSplit> snapshotState(long checkpoint) {
        // What was finished before a checkpoint that is complete, the enumerator's part of this one knows.
        finished.removeIf(split -> split.behind < lastComplete);
        lastCheckpoint = checkpoint;
        byte[] held;
        try {
            held = Native.readerSnapshot(reader);
        } catch (ConnectorException e) {
            throw Failures.forFlink(e);
        }
        List<ElementSplit> splits = new ArrayList<>();
        List<byte[]> all = new ArrayList<>(Frames.unpack(held));
        for (byte[] split : all) {
            splits.add(new ElementSplit(split, false));
        }
        for (FinishedSplit split : finished) {
            splits.add(new ElementSplit(split.bytes, true));
            all.add(split.bytes);
        }
        if (!all.isEmpty()) {
            positions.put(checkpoint, Frames.pack(all));
        }
        return splits;
    }

    @Override
    public void notifyCheckpointComplete(long checkpoint) {
        lastComplete = checkpoint;
        byte[] durable = positions.get(checkpoint);
        positions.headMap(checkpoint + 1).clear();
        if (durable != null) {
            context.sendSourceEventToCoordinator(ReaderEvent.durable(durable));
        }
    }

    /** Restored splits come before {@link #start}: nobody listens to events then. */
    @Override
    public void addSplits(List<ElementSplit> splits) {
        List<ElementSplit> open = new ArrayList<>();
        for (ElementSplit split : splits) {
            if (!split.isFinished) {
                open.add(split);
                continue;
            }
            finished.add(new FinishedSplit(split.bytes, lastCheckpoint));
            if (isStarted) {
                context.sendSourceEventToCoordinator(ReaderEvent.finished(split.bytes));
            } else {
                toTell.add(split.bytes);
            }
        }
        Native.readerAddSplits(reader, ElementSplit.pack(open));
    }

    @Override
    public void notifyNoMoreSplits() {
        Native.readerNoMoreSplits(reader);
    }

    @Override
    public void close() {
        availability.close();
        handles.close();
    }

    /** A split that is read to its end, and the last checkpoint before that. */
    private static final class FinishedSplit {
        final byte[] bytes;
        final long behind;

        FinishedSplit(byte[] bytes, long behind) {
            this.bytes = bytes;
            this.behind = behind;
        }
    }
}
