package org.seatunnel.flink;

import java.nio.ByteBuffer;

import org.seatunnel.translation.Element;
import org.seatunnel.translation.Native;

/** What a job has read and written. Tasks send theirs along with what they have prepared, so each row counts once. */
final class Counts {
    /** Names of the numbers where people see them, in the order of {@link Native#jobEnded}. */
    static final String[] NAMES = {"rows read", "bytes read", "rows written", "bytes written", "rows failed"};

    private final long[] numbers = new long[NAMES.length];

    /** Counts what the head of an element says of its reader. */
    void read(byte[] element) {
        numbers[0] += Element.rowsRead(element);
        numbers[1] += Element.bytesRead(element);
        numbers[4] += Element.rowsFailed(element);
    }

    /** Counts what a writer has prepared. */
    void written(byte[] part) {
        long[] counts = Native.partCounts(part);
        numbers[2] += counts[0];
        numbers[3] += counts[1];
        numbers[4] += counts[2];
    }

    /** Adds others. */
    void add(Counts other) {
        for (int index = 0; index < numbers.length; index++) {
            numbers[index] += other.numbers[index];
        }
    }

    /** Sets one of the numbers. */
    void set(int index, long number) {
        numbers[index] = number;
    }

    long[] toArray() {
        return numbers.clone();
    }

    byte[] toBytes() {
        ByteBuffer buffer = ByteBuffer.allocate(8 * numbers.length);
        for (long number : numbers) {
            buffer.putLong(number);
        }
        return buffer.array();
    }

    static Counts of(byte[] bytes) {
        Counts counts = new Counts();
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        for (int index = 0; index < counts.numbers.length; index++) {
            counts.numbers[index] = buffer.getLong();
        }
        return counts;
    }
}
