package org.seatunnel.translation;

import java.util.ArrayDeque;
import java.util.Deque;

/** Native handles that end together: what was opened last is closed first, because it may hang on what was opened before. */
public final class OpenHandles implements AutoCloseable {
    private final Deque<Long> open = new ArrayDeque<>();

    /** None is open yet. */
    public OpenHandles() {}

    /** Keeps a handle, and gives it back. */
    public synchronized long add(long handle) {
        open.push(handle);
        return handle;
    }

    /** Closes all; may be called again. */
    @Override
    public synchronized void close() {
        while (!open.isEmpty()) {
            Native.close(open.pop());
        }
    }
}
