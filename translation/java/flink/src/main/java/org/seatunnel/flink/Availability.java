package org.seatunnel.flink;

import java.util.concurrent.CompletableFuture;

import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Native;

/**
 * Says when a reader has something, by a thread that waits for it: the native side calls nobody. The thread is there from the
 * first time that a reader has nothing.
 */
final class Availability {
    private final long reader;
    private final String threadName;
    private CompletableFuture<Void> future = CompletableFuture.completedFuture(null);
    private Thread waiter;
    private boolean isClosed;

    Availability(long reader, String threadName) {
        this.reader = reader;
        this.threadName = threadName;
    }

    /** Completes when there is something, or an error. */
    synchronized CompletableFuture<Void> get() {
        if (!future.isDone() || isClosed) {
            return future;
        }
        future = new CompletableFuture<>();
        if (waiter == null) {
            waiter = new Thread(this::run, threadName);
            waiter.setDaemon(true);
            waiter.start();
        }
        notifyAll();
        return future;
    }

    private void run() {
        while (true) {
            CompletableFuture<Void> asked;
            synchronized (this) {
                while (future.isDone() && !isClosed) {
                    try {
                        wait();
                    } catch (InterruptedException e) {
                        return;
                    }
                }
                if (isClosed) {
                    return;
                }
                asked = future;
            }
            try {
                if (!Native.readerWait(reader, Tasks.PATIENCE_MILLIS)) {
                    continue;
                }
            } catch (ConnectorException e) {
                // Polling says the same.
            }
            asked.complete(null);
        }
    }

    /** Ends the thread: it must not use the reader any more. */
    void close() {
        Thread thread;
        synchronized (this) {
            isClosed = true;
            future.complete(null);
            notifyAll();
            thread = waiter;
        }
        boolean interrupted = false;
        while (thread != null && thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
