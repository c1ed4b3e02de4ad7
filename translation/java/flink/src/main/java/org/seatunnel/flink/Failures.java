package org.seatunnel.flink;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.util.SerializedThrowable;
import org.seatunnel.translation.ConnectorException;

/** Errors on their way through Flink: which may be tried again, and what people are told. */
public final class Failures {
    private static final String OURS = ConnectorException.class.getName();

    private Failures() {}

    /** What to throw in a task or on the coordinator: Flink must not start the job again where that can't help. */
    public static RuntimeException forFlink(ConnectorException error) {
        return error.isRetryable() ? error : new SuppressRestartsException(error);
    }

    /** The error at the bottom: what lies around it is Flink's way to the client. */
    static Throwable root(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Throwable root = failure;
        for (Throwable next = failure; next != null && seen.add(next); next = next.getCause()) {
            root = next;
            if (isOurs(next)) {
                break;
            }
        }
        return root;
    }

    /** Whether an error is a connector's; errors of other processes come as text. */
    static boolean isOurs(Throwable error) {
        if (error instanceof SerializedThrowable) {
            return OURS.equals(((SerializedThrowable) error).getOriginalErrorClassName());
        }
        return error instanceof ConnectorException;
    }

    /** In one text, as all of SeaTunnel writes errors. */
    static String message(Throwable failure) {
        Throwable root = root(failure);
        String message = root.getMessage() == null ? root.toString() : root.getMessage();
        if (root instanceof SerializedThrowable) {
            // Flink puts the class before the text.
            String prefix = ((SerializedThrowable) root).getOriginalErrorClassName() + ": ";
            message = message.startsWith(prefix) ? message.substring(prefix.length()) : message;
        }
        if (message.startsWith("error")) {
            return message;
        }
        String code = root instanceof ConnectorException ? "[" + ((ConnectorException) root).code() + "]" : "";
        return "error" + code + ": " + message;
    }
}
