package org.seatunnel.spark;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Element;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/** Writes what one task reads, to all sinks that its rows reach. A writer of a sink is opened at its first rows. */
final class ElementWriter implements DataWriter<InternalRow> {
    private final OpenHandles handles = new OpenHandles();
    private final int subtask;
    private final long checkpoint;
    private final long job;
    private final Map<Integer, Integer> parallelism = new LinkedHashMap<>();
    private final Map<Integer, Long> writers = new LinkedHashMap<>();
    private final List<byte[]> positions = new ArrayList<>();
    private final Counts counts = new Counts();

    /**
     * @param subtask the number of all writers of this task
     * @param checkpoint what parts are committed together
     */
    ElementWriter(byte[] payload, int subtask, long checkpoint) {
        this.subtask = subtask;
        this.checkpoint = checkpoint;
        try {
            job = handles.add(Native.jobOpen(payload));
            for (JobDescription.SinkNode sink : JobDescription.of(job).sinks) {
                parallelism.put(sink.node, sink.parallelism);
            }
        } catch (RuntimeException e) {
            handles.close();
            throw e;
        }
    }

    @Override
    public void write(InternalRow row) {
        byte[] element = row.getBinary(0);
        if (Positions.is(element)) {
            positions.add(element);
            return;
        }
        counts.read(element);
        if (Element.hasRows(element)) {
            long writer = writers.computeIfAbsent(Element.sink(element), this::open);
            while (!Native.writerWrite(writer, element, Tasks.PATIENCE_MILLIS)) {
                Tasks.stopIfKilled();
            }
        }
    }

    private long open(int sink) {
        return handles.add(Native.writerOpen(job, sink, subtask, parallelism.get(sink)));
    }

    @Override
    public WriterCommitMessage commit() {
        // All are asked before the first is waited for: they work at the same time.
        for (long writer : writers.values()) {
            Native.writerPrepareStart(writer, checkpoint, true);
        }
        List<byte[]> parts = new ArrayList<>();
        for (long writer : writers.values()) {
            byte[] part = prepared(writer);
            counts.written(part);
            parts.add(part);
        }
        return new PreparedParts(parts, positions, counts);
    }

    private static byte[] prepared(long writer) {
        while (true) {
            byte[] part = Native.writerPrepared(writer, Tasks.PATIENCE_MILLIS);
            if (part != null) {
                return part;
            }
            Tasks.stopIfKilled();
        }
    }

    @Override
    public void abort() {
        ConnectorException failure = null;
        for (long writer : writers.values()) {
            try {
                Native.writerAbort(writer);
            } catch (ConnectorException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public void close() {
        handles.close();
    }
}
