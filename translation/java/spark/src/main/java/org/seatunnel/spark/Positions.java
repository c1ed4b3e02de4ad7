package org.seatunnel.spark;

import java.nio.ByteBuffer;
import java.util.List;

import org.seatunnel.translation.Frames;

/**
 * Where a reader stands when its time is over. It follows the reader's last rows to the writer, which sends it to the driver
 * together with what it has prepared: so of several attempts of a task, parts and positions are always of the same one.
 */
public final class Positions {
    /** The first byte, where an element has another. */
    private static final byte TAG = 16;

    /** The source's position in the job's plan. */
    public final int source;
    /** The splits that are not at their end: each as frames of id and split. */
    public final List<byte[]> held;
    /** Those that are, in order. */
    public final List<byte[]> finished;

    /** Those of a reader. */
    public Positions(int source, List<byte[]> held, List<byte[]> finished) {
        this.source = source;
        this.held = held;
        this.finished = finished;
    }

    static boolean is(byte[] bytes) {
        return bytes[0] == TAG;
    }

    /** @param held frames, as {@link org.seatunnel.translation.Native#readerSnapshot} gives them */
    static byte[] pack(int source, byte[] held, List<byte[]> finished) {
        byte[] fields = Frames.pack(Frames.ofInt(source), held, Frames.pack(finished));
        return ByteBuffer.allocate(1 + fields.length).put(TAG).put(fields).array();
    }

    static Positions of(byte[] bytes) {
        List<byte[]> fields = Frames.unpack(bytes, 1);
        return new Positions(
                Frames.toInt(fields.get(0)), Frames.unpack(fields.get(1)), Frames.unpack(fields.get(2)));
    }
}
