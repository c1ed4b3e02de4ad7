package org.seatunnel.flink;

import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.SerializedThrowable;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/** Runs a job in Flink: {@code flink run -c org.seatunnel.flink.FlinkJob JAR --job FILE}. */
public final class FlinkJob {
    /** How long a cluster may take to stop a job before this process ends all the same. */
    private static final long PATIENCE_SECONDS = 8;

    /** Whether the end of the job is in the log. */
    private static final CountDownLatch SAID = new CountDownLatch(1);

    private FlinkJob() {}

    /**
     * Runs a job.
     *
     * @param args see {@link JobArguments}
     */
    public static void main(String[] args) throws Exception {
        try {
            run(args);
        } catch (Exception e) {
            if (!isCommandLine()) {
                // Whoever runs this in a process of its own tells its cluster.
                throw e;
            }
            print(e);
            System.exit(1);
        }
    }

    private static void run(String[] args) throws Exception {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        byte[] payload = JobArguments.read(args, env.getConfiguration());
        try (OpenHandles handles = new OpenHandles()) {
            long job = handles.add(Native.jobOpen(payload));
            JobDescription description = JobDescription.of(job);
            boolean tellsBacklog = FlinkSettings.apply(env, description);
            Topology.build(env, payload, description, tellsBacklog);
            try {
                if (Beginning.isNeeded(env.getConfiguration(), description.id)) {
                    Native.jobBegin(job);
                }
                JobClient client = env.executeAsync(description.name);
                if (!env.getConfiguration().get(DeploymentOptions.ATTACHED)) {
                    return;
                }
                Native.jobEnded(job, wait(client, description).toArray(), null);
                SAID.countDown();
            } catch (Exception e) {
                Native.jobEnded(job, new Counts().toArray(), Frames.ofText(Failures.message(e)));
                throw e;
            }
        }
    }

    private static Counts wait(JobClient client, JobDescription description) throws Exception {
        if (!isCommandLine()) {
            return countsOf(client.getJobExecutionResult().get());
        }
        Thread stop = new Thread(() -> stop(client, description), "seatunnel-stop");
        Runtime.getRuntime().addShutdownHook(stop);
        Counts counts = null;
        try {
            counts = countsOf(client.getJobExecutionResult().get());
        } finally {
            try {
                Runtime.getRuntime().removeShutdownHook(stop);
            } catch (IllegalStateException e) {
                // This process is stopped, and so is the job.
            }
        }
        return counts;
    }

    /** As the local engine does it: who stops this process stops the job. With -d nobody waits here. */
    private static void stop(JobClient client, JobDescription description) {
        try {
            if (description.isStreaming) {
                String savepoint = client.stopWithSavepoint(false, null, SavepointFormatType.DEFAULT)
                        .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
                SAID.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
                System.err.println("stopped at savepoint " + savepoint
                        + "; to go on from it, give it as flink { execution.state-recovery.path } in env");
                System.err.flush();
                // It ended well, although a signal has ended this process.
                Runtime.getRuntime().halt(0);
            }
        } catch (Exception e) {
            System.err.println("no savepoint could be taken: " + Failures.message(e));
        }
        try {
            client.cancel().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            System.err.println("the job is cancelled");
        } catch (Exception e) {
            System.err.println(
                    "job " + client.getJobID() + " may go on in the cluster: it can't be cancelled: " + Failures.message(e));
        }
    }

    private static Counts countsOf(JobExecutionResult result) {
        Map<String, Object> numbers = result.getAllAccumulatorResults();
        Counts counts = new Counts();
        for (int index = 0; index < Counts.NAMES.length; index++) {
            Object number = numbers.get(Counts.NAMES[index]);
            counts.set(index, number instanceof Long ? (Long) number : 0);
        }
        return counts;
    }

    /** Whether this process is {@code flink run}, and not a part of a cluster. */
    private static boolean isCommandLine() {
        return System.getProperty("sun.java.command", "").startsWith("org.apache.flink.client.cli.CliFrontend");
    }

    /** With the way of an error to here only if it is nothing that a user can cause. */
    private static void print(Throwable failure) {
        System.err.println(Failures.message(failure));
        Throwable root = Failures.root(failure);
        if (Failures.isOurs(root) || root instanceof IllegalArgumentException) {
            return;
        }
        String name = root instanceof SerializedThrowable
                ? ((SerializedThrowable) root).getOriginalErrorClassName()
                : root.getClass().getName();
        // Flink's own errors, such as a lost TaskManager, say it in words.
        if (!name.startsWith("org.apache.flink.") && !name.startsWith("java.util.concurrent.")) {
            failure.printStackTrace();
        }
    }
}
