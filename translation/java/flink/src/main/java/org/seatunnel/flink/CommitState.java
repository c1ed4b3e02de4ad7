package org.seatunnel.flink;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import org.seatunnel.translation.Frames;

/** What a checkpoint knows of what writers have prepared. */
final class CommitState {
    private static final int VERSION = 1;

    /** Prepared, and not committed when the checkpoint was taken. */
    final List<byte[]> parts = new ArrayList<>();
    /** What the job has read and written, these parts included. */
    final Counts counts = new Counts();
    /** Attempts of the job that have prepared something. */
    final Set<String> attempts = new LinkedHashSet<>();

    byte[] toBytes() {
        List<byte[]> ids = new ArrayList<>();
        attempts.forEach(id -> ids.add(Frames.ofText(id)));
        return Frames.pack(Frames.ofInt(VERSION), Frames.pack(parts), counts.toBytes(), Frames.pack(ids));
    }

    static CommitState of(byte[] bytes) {
        List<byte[]> fields = Frames.unpack(bytes);
        ElementSplit.requireVersion(Frames.toInt(fields.get(0)), VERSION);
        CommitState state = new CommitState();
        state.parts.addAll(Frames.unpack(fields.get(1)));
        state.counts.add(Counts.of(fields.get(2)));
        Frames.unpack(fields.get(3)).forEach(id -> state.attempts.add(Frames.toText(id)));
        return state;
    }
}
