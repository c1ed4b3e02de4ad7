package org.seatunnel.spark;

import java.util.ArrayDeque;
import java.util.Deque;

import org.seatunnel.translation.Native;

/** Native handles that end together: what was opened last is closed first, because it may hang on what was opened before. */
public final class OpenHandles implements AutoCloseable {
    private final Deque<Long> open = new ArrayDeque<>();

    /** None. */
    public OpenHandles() {}

    /** Keeps a handle, and gives it back. */
    public synchronized long add(long handle) {
        open.push(handle);
        return handle;
    }

    /** Closes all. Spark closes readers and writers more than once. */
    @Override
    public synchronized void close() {
        while (!open.isEmpty()) {
            Native.close(open.pop());
        }
    }
}
