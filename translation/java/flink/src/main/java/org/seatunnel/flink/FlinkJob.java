package org.seatunnel.flink;

import java.util.Map;

import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.core.execution.DetachedJobExecutionResult;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.SerializedThrowable;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;

/** Runs a job in Flink: {@code flink run -c org.seatunnel.flink.FlinkJob JAR --job FILE}. */
public final class FlinkJob {
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
        byte[] payload = JobArguments.read(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        try (OpenHandles handles = new OpenHandles()) {
            long job = handles.add(Native.jobOpen(payload));
            JobDescription description = JobDescription.of(job);
            boolean tellsBacklog = FlinkSettings.apply(env, description);
            Topology.build(env, payload, description, tellsBacklog);
            JobExecutionResult result;
            try {
                if (Beginning.isNeeded(env.getConfiguration(), description.id)) {
                    Native.jobBegin(job);
                }
                result = env.execute(description.name);
            } catch (Exception e) {
                Native.jobEnded(job, new Counts().toArray(), Frames.ofText(Failures.message(e)));
                throw e;
            }
            if (result instanceof DetachedJobExecutionResult) {
                System.out.println("the job runs in the cluster as " + result.getJobID());
            } else {
                Native.jobEnded(job, countsOf(result).toArray(), null);
            }
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
