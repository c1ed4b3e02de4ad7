package org.seatunnel.spark;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.apache.spark.sql.connector.write.WriterCommitMessage;

/** What the writers of a task have prepared, by sink. */
final class PreparedParts implements WriterCommitMessage {
    private static final long serialVersionUID = 1L;

    private final int[] sinks;
    private final byte[][] parts;
    private final Counts counts;

    /** @param prepared a part for each sink that the task had rows for */
    PreparedParts(Map<Integer, byte[]> prepared, Counts counts) {
        sinks = prepared.keySet().stream().mapToInt(Integer::intValue).toArray();
        parts = prepared.values().toArray(new byte[0][]);
        this.counts = counts;
    }

    Counts counts() {
        return counts;
    }

    /** All parts of some tasks, by sink. Spark has null for tasks that did not come to their end. */
    static Map<Integer, List<byte[]>> bySink(WriterCommitMessage[] messages) {
        Map<Integer, List<byte[]>> all = new LinkedHashMap<>();
        for (WriterCommitMessage message : messages) {
            if (message == null) {
                continue;
            }
            PreparedParts own = (PreparedParts) message;
            for (int index = 0; index < own.sinks.length; index++) {
                all.computeIfAbsent(own.sinks[index], sink -> new ArrayList<>()).add(own.parts[index]);
            }
        }
        return all;
    }
}
