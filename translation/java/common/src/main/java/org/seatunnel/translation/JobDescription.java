package org.seatunnel.translation;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What an engine must know of a job's plan. */
public final class JobDescription {
    /** A source, and which sinks its rows go to. */
    public static final class SourceNode {
        /** Its position in the plan. */
        public final int node;
        /** What messages call it: {@code source[0] FakeSource}. */
        public final String name;
        /** How many readers it gets. */
        public final int parallelism;
        /** Whether it ends. */
        public final boolean isBounded;
        /** Positions of the sinks that its rows reach. */
        public final List<Integer> sinks;

        private SourceNode(List<byte[]> fields) {
            node = Frames.toInt(fields.get(0));
            name = Frames.toText(fields.get(1));
            parallelism = Frames.toInt(fields.get(2));
            isBounded = Frames.toInt(fields.get(3)) != 0;
            List<Integer> reached = new ArrayList<>();
            for (byte[] sink : Frames.unpack(fields.get(4))) {
                reached.add(Frames.toInt(sink));
            }
            sinks = Collections.unmodifiableList(reached);
        }
    }

    /** A sink. */
    public static final class SinkNode {
        /** Its position in the plan. */
        public final int node;
        /** What messages call it: {@code sink[0] Jdbc}. */
        public final String name;
        /** How many writers it gets: as many as its widest source has readers. */
        public final int parallelism;

        private SinkNode(List<byte[]> fields) {
            node = Frames.toInt(fields.get(0));
            name = Frames.toText(fields.get(1));
            parallelism = Frames.toInt(fields.get(2));
        }
    }

    /** Unique to this run. */
    public final String id;
    /** The name the user gave it. */
    public final String name;
    /** Whether it runs until it is stopped. */
    public final boolean isStreaming;
    /** Milliseconds between checkpoints; 0 for none. */
    public final long checkpointInterval;
    /** Milliseconds after which a checkpoint counts as failed; 0 if not given. */
    public final long checkpointTimeout;
    /** Milliseconds between the end of a checkpoint and the start of the next; 0 if not given. */
    public final long checkpointMinPause;
    /** How many checkpoints may fail in a row. */
    public final int checkpointsTolerated;
    /** How often a failed job is started again; -1 if not given. */
    public final int retries;
    /** Milliseconds before it is. */
    public final long retryInterval;
    /** The sources. */
    public final List<SourceNode> sources;
    /** The sinks. */
    public final List<SinkNode> sinks;

    private JobDescription(byte[] bytes) {
        List<byte[]> fields = Frames.unpack(bytes);
        id = Frames.toText(fields.get(0));
        name = Frames.toText(fields.get(1));
        isStreaming = Frames.toInt(fields.get(2)) != 0;
        checkpointInterval = number(fields.get(3));
        checkpointTimeout = number(fields.get(4));
        checkpointMinPause = number(fields.get(5));
        checkpointsTolerated = (int) number(fields.get(6));
        retries = (int) number(fields.get(7));
        retryInterval = number(fields.get(8));
        List<SourceNode> from = new ArrayList<>();
        for (byte[] source : Frames.unpack(fields.get(9))) {
            from.add(new SourceNode(Frames.unpack(source)));
        }
        sources = Collections.unmodifiableList(from);
        List<SinkNode> to = new ArrayList<>();
        for (byte[] sink : Frames.unpack(fields.get(10))) {
            to.add(new SinkNode(Frames.unpack(sink)));
        }
        sinks = Collections.unmodifiableList(to);
    }

    private static long number(byte[] text) {
        return Long.parseLong(Frames.toText(text));
    }

    /** Describes an open job. */
    public static JobDescription of(long job) {
        return new JobDescription(Native.jobDescribe(job));
    }
}
