package org.seatunnel.flink;

import java.time.Duration;

import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.TimeUtils;
import org.seatunnel.translation.JobDescription;

/**
 * What a job file says in {@code env} of checkpoints and restarts, as Flink's settings. What it says as {@code flink.*} the
 * launcher has given to Flink already.
 *
 * <p>All jobs take checkpoints, since rows are committed with one. A job that ends and asks for none takes one at its end.
 */
final class FlinkSettings {
    static final String INTERVAL = "execution.checkpointing.interval";
    static final String BACKLOG_INTERVAL = "execution.checkpointing.interval-during-backlog";
    /** The last checkpoint of a job that ends comes as quickly as this. */
    private static final Duration AT_END = Duration.ofMillis(200);
    private static final Duration ENDLESS = Duration.ofSeconds(10);
    /** How often a job that ends is started again, if nobody says: SeaTunnel's number. */
    private static final int RETRIES = 3;

    private FlinkSettings() {}

    /** @return whether sources have to say whether they are at their end */
    static boolean apply(StreamExecutionEnvironment env, JobDescription job) {
        boolean ends = job.sources.stream().allMatch(source -> source.isBounded);
        Configuration settings = new Configuration();
        checkpoints(settings, env.getConfiguration(), ends, job.checkpointInterval);
        if (job.checkpointTimeout > 0) {
            settings.setString("execution.checkpointing.timeout", millis(job.checkpointTimeout));
        }
        if (job.checkpointMinPause > 0) {
            settings.setString("execution.checkpointing.min-pause", millis(job.checkpointMinPause));
        }
        if (job.checkpointsTolerated > 0) {
            settings.setString(
                    "execution.checkpointing.tolerable-failed-checkpoints", Integer.toString(job.checkpointsTolerated));
        }
        restarts(settings, env.getConfiguration(), ends, job.retries, job.retryInterval);
        env.configure(settings, FlinkSettings.class.getClassLoader());
        // Operators here keep nothing that they were given.
        env.getConfig().enableObjectReuse();
        return ends;
    }

    /** @param asked milliseconds, 0 if the job file does not say */
    static void checkpoints(Configuration settings, ReadableConfig given, boolean ends, long asked) {
        String flinks = Beginning.text(given, INTERVAL);
        Duration interval = null;
        if (asked > 0) {
            interval = Duration.ofMillis(asked);
        } else if (flinks != null) {
            interval = TimeUtils.parseDuration(flinks);
        }
        if (!ends) {
            settings.setString(INTERVAL, millis((interval == null ? ENDLESS : interval).toMillis()));
            return;
        }
        Duration last = interval != null && interval.compareTo(AT_END) < 0 ? interval : AT_END;
        settings.setString(INTERVAL, millis(last.toMillis()));
        // As long as there is a backlog, which is until sources are at their end. 0 is none at all.
        settings.setString(BACKLOG_INTERVAL, millis(interval == null ? 0 : interval.toMillis()));
    }

    /** @param retries -1 if the job file does not say */
    static void restarts(Configuration settings, ReadableConfig given, boolean ends, int retries, long pauseMillis) {
        boolean flinks = Beginning.text(given, "restart-strategy.type") != null;
        if (retries == 0) {
            settings.setString("restart-strategy.type", "none");
        } else if (retries > 0 || (ends && !flinks)) {
            settings.setString("restart-strategy.type", "fixed-delay");
            settings.setString(
                    "restart-strategy.fixed-delay.attempts", Integer.toString(retries > 0 ? retries : RETRIES));
            settings.setString("restart-strategy.fixed-delay.delay", millis(pauseMillis));
        }
    }

    private static String millis(long number) {
        return number + " ms";
    }
}
