package org.seatunnel.flink;

import java.io.IOException;

import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;

/** Whether targets are to be made ready: that may drop what they hold, and must not be done again when a job goes on. */
final class Beginning {
    private Beginning() {}

    /**
     * Not for a job that goes on from a savepoint. An application on a cluster with high availability is run again by the
     * JobManager that takes over; there a file beside the cluster's own says that it has begun.
     */
    static boolean isNeeded(ReadableConfig config, String run) throws IOException {
        if (text(config, "execution.state-recovery.path") != null || text(config, "execution.savepoint.path") != null) {
            return false;
        }
        String storage = text(config, "high-availability.storageDir");
        if (storage == null || !"embedded".equals(text(config, "execution.target"))) {
            return true;
        }
        Path mark = new Path(storage, "seatunnel-" + run + ".begun");
        FileSystem files = mark.getFileSystem();
        if (files.exists(mark)) {
            return false;
        }
        files.create(mark, FileSystem.WriteMode.NO_OVERWRITE).close();
        return true;
    }

    /** What a setting says, or null. */
    static String text(ReadableConfig config, String key) {
        return config.getOptional(ConfigOptions.key(key).stringType().noDefaultValue()).orElse(null);
    }
}
