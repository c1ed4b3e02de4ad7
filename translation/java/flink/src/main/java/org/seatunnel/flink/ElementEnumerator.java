package org.seatunnel.flink;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds splits and deals them, on the JobManager. All methods are called by one thread. */
public final class ElementEnumerator implements SplitEnumerator<ElementSplit, byte[]> {
    private static final Logger LOG = LoggerFactory.getLogger(ElementEnumerator.class);
    private static final long NEVER = -1;
    private static final long ON_FINISHED = -2;

    private final byte[] payload;
    private final int node;
    private final String name;
    private final boolean tellsBacklog;
    private final SplitEnumeratorContext<ElementSplit> context;
    private final byte[] state;
    private final OpenHandles handles = new OpenHandles();
    private final Set<Integer> atEnd = new HashSet<>();
    private long enumerator;
    private boolean discovering;
    /** A split was finished while splits were looked for. */
    private boolean discoverAgain;
    private boolean waitsForFinished;

    /**
     * @param payload the job
     * @param node the source's position in the job's plan
     * @param name what messages call it
     * @param tellsBacklog whether it says how long there is something to read
     * @param state what it goes on with, or null
     */
    public ElementEnumerator(
            byte[] payload,
            int node,
            String name,
            boolean tellsBacklog,
            SplitEnumeratorContext<ElementSplit> context,
            byte[] state) {
        this.payload = payload;
        this.node = node;
        this.name = name;
        this.tellsBacklog = tellsBacklog;
        this.context = context;
        this.state = state;
    }

    /** Connects; not before, since it is made by a thread that all jobs of a JobManager wait for. */
    @Override
    public void start() {
        guarded(() -> {
            long job = handles.add(Native.jobOpen(payload));
            enumerator = handles.add(Native.enumeratorOpen(job, node, context.currentParallelism(), state));
        });
        discover(0);
    }

    private void discover(long delayMillis) {
        discovering = true;
        context.callAsync(
                () -> {
                    if (delayMillis > 0) {
                        Thread.sleep(delayMillis);
                    }
                    return Native.enumeratorDiscover(enumerator);
                },
                this::discovered);
    }

    private void discovered(Long next, Throwable failure) {
        discovering = false;
        if (failure instanceof ConnectorException) {
            throw Failures.forFlink((ConnectorException) failure);
        } else if (failure instanceof InterruptedException) {
            // The job is ending.
            return;
        } else if (failure != null) {
            throw new IllegalStateException(name + ": splits can't be looked for", failure);
        }
        waitsForFinished = next == ON_FINISHED;
        if (waitsForFinished && discoverAgain) {
            discover(0);
        } else if (next != NEVER && !waitsForFinished) {
            discover(next);
        }
        discoverAgain = false;
        deal();
    }

    @Override
    public void handleSplitRequest(int reader, String host) {
        // Readers ask by an event that says how many they hold.
    }

    @Override
    public void handleSourceEvent(int reader, SourceEvent sent) {
        ReaderEvent event = (ReaderEvent) sent;
        switch (event.kind) {
            case WANTS_SPLIT:
                guarded(() -> Native.enumeratorRequest(enumerator, reader, event.held));
                deal();
                break;
            case FINISHED:
                guarded(() -> Native.enumeratorFinished(enumerator, event.bytes));
                if (discovering) {
                    discoverAgain = true;
                } else if (waitsForFinished) {
                    discover(0);
                }
                break;
            case DURABLE:
                context.callAsync(
                        () -> {
                            Native.enumeratorDurable(enumerator, event.bytes);
                            return null;
                        },
                        (done, failure) -> {
                            if (failure != null) {
                                LOG.warn("{}: progress could not be made known outside: {}", name, failure.getMessage());
                            }
                        });
                break;
            case AT_END:
                atEnd.add(reader);
                tellBacklog();
                break;
            default:
                throw new IllegalStateException("a reader says " + event.kind);
        }
    }

    private void deal() {
        guarded(() -> {
            for (byte[] deal : Frames.unpack(Native.enumeratorAssign(enumerator))) {
                List<byte[]> fields = Frames.unpack(deal);
                int reader = Frames.toInt(fields.get(0));
                boolean isThere = context.registeredReaders().containsKey(reader);
                if (!isThere) {
                    // It has failed, and asks again when it is back.
                    Native.enumeratorReaderLost(enumerator, reader);
                }
                if (fields.size() == 3) {
                    byte[] split = Frames.pack(fields.get(1), fields.get(2));
                    if (isThere) {
                        context.assignSplit(new ElementSplit(split, false), reader);
                    } else {
                        Native.enumeratorAddBack(enumerator, Frames.pack(split));
                    }
                } else if (isThere) {
                    context.signalNoMoreSplits(reader);
                }
            }
        });
    }

    @Override
    public void addSplitsBack(List<ElementSplit> splits, int reader) {
        guarded(() -> {
            Native.enumeratorReaderLost(enumerator, reader);
            Native.enumeratorAddBack(enumerator, ElementSplit.pack(splits));
        });
        deal();
    }

    /** Called anew for each attempt of the reader. */
    @Override
    public void addReader(int reader) {
        guarded(() -> Native.enumeratorReaderLost(enumerator, reader));
        atEnd.remove(reader);
        tellBacklog();
    }

    /** As long as there is something to read, checkpoints are as far apart as the job wants them; the last one comes at once. */
    private void tellBacklog() {
        if (tellsBacklog) {
            context.setIsProcessingBacklog(atEnd.size() < context.currentParallelism());
        }
    }

    @Override
    public byte[] snapshotState(long checkpoint) {
        try {
            return Native.enumeratorSnapshot(enumerator);
        } catch (ConnectorException e) {
            throw Failures.forFlink(e);
        }
    }

    @Override
    public void close() {
        handles.close();
    }

    private static void guarded(Runnable work) {
        try {
            work.run();
        } catch (ConnectorException e) {
            throw Failures.forFlink(e);
        }
    }
}
