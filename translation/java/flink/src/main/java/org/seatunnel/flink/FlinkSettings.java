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
    private static final String RESTARTS = "restart-strategy.";
    /** The last checkpoint of a job that ends comes as quickly as this. */
    private static final Duration AT_END = Duration.ofMillis(200);
    private static final Duration ENDLESS = Duration.ofSeconds(10);
    /** How often a job is started again, if nobody says: SeaTunnel's number. */
    private static final int RETRIES = 3;

    private FlinkSettings() {}

    /** @return whether sources have to say whether they are at their end */
    static boolean apply(StreamExecutionEnvironment env, JobDescription job) {
        boolean ends = job.sources.stream().allMatch(source -> source.isBounded);
        Configuration settings = new Configuration();
        checkpoints(settings, env.getConfiguration(), ends, job.checkpointInterval);
        boolean onlyAtEnd = "0 ms".equals(settings.toMap().get(BACKLOG_INTERVAL));
        // A job that asks for no checkpoints does not ask how long they may take.
        if (job.checkpointTimeout > 0 && !onlyAtEnd) {
            settings.setString("execution.checkpointing.timeout", millis(job.checkpointTimeout));
        }
        if (job.checkpointMinPause > 0) {
            settings.setString("execution.checkpointing.min-pause", millis(job.checkpointMinPause));
        }
        if (job.checkpointsTolerated > 0) {
            settings.setString(
                    "execution.checkpointing.tolerable-failed-checkpoints", Integer.toString(job.checkpointsTolerated));
        }
        restarts(settings, env.getConfiguration(), onlyAtEnd, job.retries, job.retryInterval);
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

    /**
     * A job is started again so often that it may fail, if nobody says otherwise. One that goes on from checkpoints has got
     * over its failures when it has run for a while; one that begins anew has not.
     *
     * @param retries -1 if the job file does not say
     */
    static void restarts(
            Configuration settings, ReadableConfig given, boolean onlyAtEnd, int retries, long pauseMillis) {
        if (retries == 0) {
            settings.setString(RESTARTS + "type", "none");
            return;
        }
        if (retries < 0 && Beginning.text(given, RESTARTS + "type") != null) {
            return;
        }
        String attempts = Integer.toString(retries < 0 ? RETRIES : retries);
        long pause = Math.max(pauseMillis, 1);
        if (onlyAtEnd) {
            settings.setString(RESTARTS + "type", "fixed-delay");
            settings.setString(RESTARTS + "fixed-delay.attempts", attempts);
            settings.setString(RESTARTS + "fixed-delay.delay", millis(pause));
            return;
        }
        settings.setString(RESTARTS + "type", "exponential-delay");
        settings.setString(RESTARTS + "exponential-delay.attempts-before-reset-backoff", attempts);
        settings.setString(RESTARTS + "exponential-delay.initial-backoff", millis(pause));
        settings.setString(RESTARTS + "exponential-delay.max-backoff", millis(2 * pause));
        settings.setString(RESTARTS + "exponential-delay.backoff-multiplier", "1.2");
        settings.setString(RESTARTS + "exponential-delay.reset-backoff-threshold", "1 min");
    }

    private static String millis(long number) {
        return number + " ms";
    }
}
