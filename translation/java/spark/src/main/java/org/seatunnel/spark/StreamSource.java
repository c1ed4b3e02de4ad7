package org.seatunnel.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.seatunnel.translation.Frames;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/** A source of a streaming job on the driver: its enumerator, and the splits that are being read. */
public final class StreamSource {
    private static final long NEVER = -1;
    private static final long ON_FINISHED = -2;

    private final JobDescription.SourceNode node;
    private final long enumerator;
    private List<byte[]> held;
    private boolean complete;
    /** When to look for new splits, by {@link System#nanoTime}; ignored while it waits for a split to be finished. */
    private long due = System.nanoTime();
    private boolean waitsForFinished;

    /** @param state what it goes on with, or null */
    public StreamSource(long job, JobDescription.SourceNode node, StreamState.Source state, OpenHandles handles) {
        this.node = node;
        enumerator = handles.add(
                Native.enumeratorOpen(job, node.node, node.parallelism, state == null ? null : state.enumerator));
        held = state == null ? new ArrayList<>() : new ArrayList<>(state.held);
    }

    /** Its position in the job's plan. */
    public int node() {
        return node.node;
    }

    /** What messages call it. */
    public String name() {
        return node.name;
    }

    /** Whether there is nothing left to read, now or later. */
    public boolean isDone() {
        return complete && held.isEmpty();
    }

    /** Milliseconds until it makes sense to ask again. */
    long pause() {
        return complete || waitsForFinished ? Long.MAX_VALUE : Math.max((due - System.nanoTime()) / 1_000_000, 0);
    }

    /** What there is to read, in the next query. */
    List<SplitsPartition> partitions() {
        return SplitsPartition.deal(node.node, node.parallelism, splits(), complete);
    }

    /** The splits that are to be read: each as frames of id and split. */
    public List<byte[]> splits() {
        if (!complete && !waitsForFinished && due - System.nanoTime() <= 0) {
            discover();
        }
        return held;
    }

    /** Whether there will be no others than {@link #splits}. */
    public boolean isComplete() {
        return complete;
    }

    private void discover() {
        long next = Native.enumeratorDiscover(enumerator);
        complete = next == NEVER;
        waitsForFinished = next == ON_FINISHED;
        due = System.nanoTime() + Math.max(next, 0) * 1_000_000;
        // The enumerator deals one by one to readers that wait. Here all are dealt anew in each query: one reader takes all.
        while (true) {
            Native.enumeratorRequest(enumerator, 0, 0);
            List<byte[]> deals = Frames.unpack(Native.enumeratorAssign(enumerator));
            int before = held.size();
            for (byte[] deal : deals) {
                List<byte[]> fields = Frames.unpack(deal);
                if (fields.size() == 3) {
                    held.add(Frames.pack(fields.get(1), fields.get(2)));
                }
            }
            if (held.size() == before) {
                break;
            }
        }
        sort();
    }

    /** By id, so that a split stays with its reader as long as no others come or go. */
    private void sort() {
        held.sort((a, b) -> Arrays.compareUnsigned(Frames.unpack(a).get(0), Frames.unpack(b).get(0)));
    }

    /** Readers have come as far as this. */
    public void moved(List<Positions> all) {
        held = new ArrayList<>();
        for (Positions positions : all) {
            if (positions.source == node.node) {
                held.addAll(positions.held);
                for (byte[] finished : positions.finished) {
                    Native.enumeratorFinished(enumerator, finished);
                    waitsForFinished = false;
                }
            }
        }
        sort();
    }

    /** What it would go on with. */
    public StreamState.Source snapshot() {
        return new StreamState.Source(Native.enumeratorSnapshot(enumerator), new ArrayList<>(held));
    }

    /** The positions of a query are durable; finished splits included. */
    public void durable(List<Positions> all) {
        List<byte[]> positions = new ArrayList<>();
        for (Positions own : all) {
            if (own.source == node.node) {
                positions.addAll(own.finished);
                positions.addAll(own.held);
            }
        }
        Native.enumeratorDurable(enumerator, Frames.pack(positions));
    }
}
