package org.seatunnel.flink;

import org.apache.flink.api.connector.source.SourceEvent;

/** What a reader tells the enumerator. */
final class ReaderEvent implements SourceEvent {
    private static final long serialVersionUID = 1L;

    enum Kind {
        /** It waits for a split, and holds {@link #held}. */
        WANTS_SPLIT,
        /** It has read a split to its end: frames of id and last position. */
        FINISHED,
        /** A checkpoint with these positions is durable: frames of frames of id and position. */
        DURABLE,
        /** It is at its end. */
        AT_END,
    }

    final Kind kind;
    final int held;
    final byte[] bytes;

    private ReaderEvent(Kind kind, int held, byte[] bytes) {
        this.kind = kind;
        this.held = held;
        this.bytes = bytes;
    }

    static ReaderEvent wantsSplit(int held) {
        return new ReaderEvent(Kind.WANTS_SPLIT, held, null);
    }

    static ReaderEvent finished(byte[] split) {
        return new ReaderEvent(Kind.FINISHED, 0, split);
    }

    static ReaderEvent durable(byte[] splits) {
        return new ReaderEvent(Kind.DURABLE, 0, splits);
    }

    static ReaderEvent atEnd() {
        return new ReaderEvent(Kind.AT_END, 0, null);
    }
}
