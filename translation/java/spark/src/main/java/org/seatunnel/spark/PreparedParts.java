package org.seatunnel.spark;

import java.util.ArrayList;
import java.util.List;

import org.apache.spark.sql.connector.write.WriterCommitMessage;

/** What a task has done: what its writers have prepared, and where its reader stands. */
public final class PreparedParts implements WriterCommitMessage {
    private static final long serialVersionUID = 1L;

    private final byte[][] parts;
    private final byte[][] positions;
    private final Counts counts;

    /**
     * @param parts one for each sink that the task had rows for
     * @param positions see {@link Positions}
     */
    public PreparedParts(List<byte[]> parts, List<byte[]> positions, Counts counts) {
        this.parts = parts.toArray(new byte[0][]);
        this.positions = positions.toArray(new byte[0][]);
        this.counts = counts;
    }

    Counts counts() {
        return counts;
    }

    /** All parts of some tasks. */
    public static List<byte[]> parts(WriterCommitMessage[] messages) {
        List<byte[]> all = new ArrayList<>();
        for (PreparedParts own : of(messages)) {
            all.addAll(List.of(own.parts));
        }
        return all;
    }

    /** Where all readers stand. */
    static List<Positions> positions(WriterCommitMessage[] messages) {
        List<Positions> all = new ArrayList<>();
        for (PreparedParts own : of(messages)) {
            for (byte[] position : own.positions) {
                all.add(Positions.of(position));
            }
        }
        return all;
    }

    /** What there is: Spark has null for tasks that did not come to their end. */
    static List<PreparedParts> of(WriterCommitMessage[] messages) {
        List<PreparedParts> all = new ArrayList<>();
        for (WriterCommitMessage message : messages) {
            if (message != null) {
                all.add((PreparedParts) message);
            }
        }
        return all;
    }
}
