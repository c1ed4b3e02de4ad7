package org.seatunnel.flink;

/** What all waiting in tasks has in common. */
public final class Tasks {
    /**
     * How long a native call may wait before the task looks whether it was cancelled: native code does not notice an interrupt.
     */
    public static final long PATIENCE_MILLIS = 200;

    private Tasks() {}

    /** Ends the task if Flink wants it to end. */
    public static void stopIfCancelled() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("the task is cancelled");
        }
    }
}
