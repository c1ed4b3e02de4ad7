package org.seatunnel.translation;

import java.nio.ByteBuffer;

/**
 * What an engine carries from a reader to a writer: the rows of one batch that go to one sink, as bytes, or where in this
 * process they are. The head can be read here; what is behind it is the native side's business.
 */
public final class Element {
    private static final int FLAGS = 1;
    private static final int SOURCE = 4;
    private static final int READER = 8;
    private static final int SINK = 12;
    private static final int TABLE = 16;
    private static final int ROWS = 20;
    private static final int BYTES = 24;
    private static final int ROWS_READ = 32;
    private static final int BYTES_READ = 40;
    private static final int ROWS_FAILED = 48;

    private Element() {}

    /** Whether a checkpoint may be taken behind it; before, rows would come twice after a restart. */
    public static boolean isSafe(byte[] element) {
        return (element[FLAGS] & 1) != 0;
    }

    /** Whether there are rows in it, and not only counts. */
    public static boolean hasRows(byte[] element) {
        return sink(element) >= 0;
    }

    /** The source's position in the job's plan. */
    public static int source(byte[] element) {
        return getInt(element, SOURCE);
    }

    /** The number of the reader that it comes from; rows of one reader must reach one writer, in order. */
    public static int reader(byte[] element) {
        return getInt(element, READER);
    }

    /** The sink's position in the job's plan, or -1. */
    public static int sink(byte[] element) {
        return getInt(element, SINK);
    }

    /** Which of the sink's tables the rows are of. */
    public static int table(byte[] element) {
        return getInt(element, TABLE);
    }

    /** How many rows go to the sink. */
    public static int rows(byte[] element) {
        return getInt(element, ROWS);
    }

    /** How many bytes they take in their columns. */
    public static long bytes(byte[] element) {
        return getLong(element, BYTES);
    }

    /** How many rows the source has read since the element before. */
    public static long rowsRead(byte[] element) {
        return getLong(element, ROWS_READ);
    }

    /** How many bytes they took. */
    public static long bytesRead(byte[] element) {
        return getLong(element, BYTES_READ);
    }

    /** How many rows were set aside between the source and the sink since the element before. */
    public static long rowsFailed(byte[] element) {
        return getLong(element, ROWS_FAILED);
    }

    private static int getInt(byte[] element, int offset) {
        return ByteBuffer.wrap(element).getInt(offset);
    }

    private static long getLong(byte[] element, int offset) {
        return ByteBuffer.wrap(element).getLong(offset);
    }
}
