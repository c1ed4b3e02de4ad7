package org.seatunnel.spark;

import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.seatunnel.translation.ConnectorException;

/** What all waiting has in common. */
public final class Tasks {
    /**
     * How long a native call may wait before the task looks whether it was killed: native code does not notice an interrupt.
     */
    public static final long PATIENCE_MILLIS = 200;

    private Tasks() {}

    /** Ends the task if Spark wants it to end. */
    public static void stopIfKilled() {
        TaskContext task = TaskContext.get();
        if (task != null && task.isInterrupted()) {
            throw new TaskKilledException("the job does not need this task any more");
        }
    }

    /** Waits on the driver. */
    static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConnectorException("COMMON-41", "the job was cancelled", false);
        }
    }
}
