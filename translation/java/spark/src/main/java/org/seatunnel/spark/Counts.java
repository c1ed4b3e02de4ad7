package org.seatunnel.spark;

import java.io.Serializable;

import org.seatunnel.translation.Element;
import org.seatunnel.translation.Native;

/** What a job has read and written. Tasks send theirs to the driver with what they have prepared, so each row counts once. */
public final class Counts implements Serializable {
    private static final long serialVersionUID = 1L;

    private long rowsRead;
    private long bytesRead;
    private long rowsWritten;
    private long bytesWritten;
    private long rowsFailed;

    /** Nothing yet. */
    public Counts() {}

    /** Counts what the head of an element says of its reader. */
    void read(byte[] element) {
        rowsRead += Element.rowsRead(element);
        bytesRead += Element.bytesRead(element);
        rowsFailed += Element.rowsFailed(element);
    }

    /** Counts what a writer has prepared. */
    void written(byte[] part) {
        long[] counts = Native.partCounts(part);
        rowsWritten += counts[0];
        bytesWritten += counts[1];
        rowsFailed += counts[2];
    }

    /** Adds those of a task. */
    void add(Counts other) {
        rowsRead += other.rowsRead;
        bytesRead += other.bytesRead;
        rowsWritten += other.rowsWritten;
        bytesWritten += other.bytesWritten;
        rowsFailed += other.rowsFailed;
    }

    /** In the order of {@link Native#jobEnded}. */
    long[] toArray() {
        return new long[] {rowsRead, bytesRead, rowsWritten, bytesWritten, rowsFailed};
    }
}
