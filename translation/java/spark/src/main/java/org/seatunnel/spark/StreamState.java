package org.seatunnel.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Frames;

/** A streaming job between two queries: where its sources stand, and what is to be committed with that. */
public final class StreamState {
    private static final int VERSION = 1;

    /** A source. */
    public static final class Source {
        /** What its enumerator goes on with. */
        public final byte[] enumerator;
        /** The splits that are being read: each as frames of id and split. */
        public final List<byte[]> held;

        public Source(byte[] enumerator, List<byte[]> held) {
            this.enumerator = enumerator;
            this.held = held;
        }
    }

    /** How many queries came before. */
    public final long number;
    /** By position in the job's plan. */
    public final Map<Integer, Source> sources;
    /** What the query before has prepared. */
    public final List<byte[]> parts;

    public StreamState(long number, Map<Integer, Source> sources, List<byte[]> parts) {
        this.number = number;
        this.sources = sources;
        this.parts = parts;
    }

    /** As bytes of a version. */
    public byte[] toBytes() {
        List<byte[]> from = new ArrayList<>();
        sources.forEach((node, source) ->
                from.add(Frames.pack(Frames.ofInt(node), source.enumerator, Frames.pack(source.held))));
        return Frames.pack(
                Frames.ofInt(VERSION), Frames.ofText(Long.toString(number)), Frames.pack(from), Frames.pack(parts));
    }

    /** From {@link #toBytes}. */
    public static StreamState of(byte[] bytes) {
        List<byte[]> fields = Frames.unpack(bytes);
        int version = Frames.toInt(fields.get(0));
        if (version != VERSION) {
            throw new ConnectorException(
                    "TRANSLATION-01",
                    "the state of the job has version " + version + ", this program reads version "
                            + VERSION + "\n  = help: go on with the release that wrote it",
                    false);
        }
        Map<Integer, Source> sources = new TreeMap<>();
        for (byte[] source : Frames.unpack(fields.get(2))) {
            List<byte[]> own = Frames.unpack(source);
            sources.put(Frames.toInt(own.get(0)), new Source(own.get(1), Frames.unpack(own.get(2))));
        }
        return new StreamState(Long.parseLong(Frames.toText(fields.get(1))), sources, Frames.unpack(fields.get(3)));
    }
}
