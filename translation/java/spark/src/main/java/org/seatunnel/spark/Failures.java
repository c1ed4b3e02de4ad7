package org.seatunnel.spark;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

import org.apache.spark.SparkException;
import org.seatunnel.translation.ConnectorException;
import org.slf4j.Logger;

/** Says to people why a job has failed. */
final class Failures {
    private Failures() {}

    /** The error at the bottom: what lies around it is Spark's way to the driver. */
    static Throwable root(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Throwable root = failure;
        for (Throwable next = failure; next != null && seen.add(next); next = next.getCause()) {
            root = next;
            if (next instanceof ConnectorException) {
                break;
            }
        }
        return root;
    }

    /**
     * Whether trying again may help. Of what only Spark knows, lost executors, it may; whoever cancels a query in the UI wants
     * the job to end.
     */
    static boolean mayPass(Throwable failure) {
        Throwable root = root(failure);
        return root instanceof ConnectorException
                ? ((ConnectorException) root).isRetryable()
                : root instanceof SparkException && !String.valueOf(root.getMessage()).contains("cancelled");
    }

    /** Says that a job is started again, in the words of the embedded engine and of SeaTunnel. */
    static void logRestart(Logger log, int times, String job, Throwable failure) {
        log.warn("Restore time {}, pipeline Job {}: {}", times, job, message(failure));
    }

    /** In one text, as all of SeaTunnel writes errors. */
    static String message(Throwable failure) {
        Throwable root = root(failure);
        String message = root.getMessage() == null ? root.toString() : root.getMessage();
        if (root instanceof ConnectorException) {
            return message.startsWith("error") ? message : "error[" + ((ConnectorException) root).code() + "]: " + message;
        }
        return "error: " + message;
    }

    /** Prints it; with the way there only if it is nothing that a user can cause. */
    static void print(Throwable failure) {
        System.err.println(message(failure));
        Throwable root = root(failure);
        boolean expected = root instanceof ConnectorException || root instanceof IllegalArgumentException
                || root instanceof SparkException;
        if (!expected) {
            failure.printStackTrace();
        }
    }
}
