package org.seatunnel.flink;

import java.util.List;

import org.seatunnel.translation.Frames;

/** What the writers of one task have made ready up to a barrier, on its way to whoever commits. */
final class Prepared {
    /** See {@link Attempt#id}. */
    final String attempt;
    /** What was read and written since the barrier before. */
    final Counts counts;
    /** What the native side has prepared. */
    final List<byte[]> parts;

    Prepared(String attempt, Counts counts, List<byte[]> parts) {
        this.attempt = attempt;
        this.counts = counts;
        this.parts = parts;
    }

    byte[] toBytes() {
        return Frames.pack(Frames.ofText(attempt), counts.toBytes(), Frames.pack(parts));
    }

    static Prepared of(byte[] bytes) {
        List<byte[]> fields = Frames.unpack(bytes);
        return new Prepared(
                Frames.toText(fields.get(0)), Counts.of(fields.get(1)), Frames.unpack(fields.get(2)));
    }
}
