package org.seatunnel.spark;

import java.io.IOException;
import java.nio.file.Path;

import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.Native;

/** Runs a job as a Spark application: {@code spark-submit --class org.seatunnel.spark.SparkJob JAR --job FILE}. */
public final class SparkJob {
    private SparkJob() {}

    /**
     * Runs a job.
     *
     * @param args see {@link JobArguments}
     */
    public static void main(String[] args) throws Exception {
        boolean onCluster = "cluster".equals(new SparkConf().get("spark.submit.deployMode", "client"));
        try {
            run(JobArguments.parse(args));
        } catch (Exception e) {
            if (onCluster) {
                // Whoever has started the driver there tells the cluster's manager.
                throw e;
            }
            Failures.print(e);
            System.exit(1);
        }
    }

    /**
     * Runs a job in an application that has a session already, to its end.
     *
     * @param jobFile its file, as the launcher would be given it. No state of it is kept but where {@code
     *     spark.sql.streaming.checkpointLocation} says.
     */
    public static void run(SparkSession spark, Path jobFile) {
        try (JobRun run = JobRun.open(Native.jobOfConfig(Frames.ofText(jobFile.toString()), true))) {
            run(spark, run);
        }
    }

    private static void run(JobArguments arguments) throws IOException {
        byte[] payload = arguments.read();
        JobRun known = payload == null ? null : JobRun.open(payload);
        SparkSession spark;
        try {
            if (known != null) {
                nameApplication(known.description().name);
            }
            spark = SparkSession.builder().getOrCreate();
        } catch (RuntimeException e) {
            if (known != null) {
                known.close();
            }
            throw e;
        }
        try (JobRun run = known != null ? known : JobRun.open(arguments.readWithSpark())) {
            run(spark, run);
        } finally {
            spark.stop();
        }
    }

    private static void run(SparkSession spark, JobRun run) {
        try {
            if (run.description().isStreaming) {
                new StreamJob(spark, run).run();
            } else if (Native.jobBegin(run.job())) {
                BatchWork.run(spark, run);
                Native.jobFinish(run.job(), -1);
            }
        } catch (Exception e) {
            // Spark's own exceptions are checked ones, which the compiler does not see.
            run.ended(Failures.message(e));
            throw e;
        }
        run.ended(null);
    }

    /** spark-submit names an application after its jar if it is not told a name; the job's says more. */
    private static void nameApplication(String name) {
        String given = System.getProperty("spark.app.name");
        if (given == null || given.endsWith(".jar") || given.equals(SparkJob.class.getName())) {
            System.setProperty("spark.app.name", name);
        }
    }
}
