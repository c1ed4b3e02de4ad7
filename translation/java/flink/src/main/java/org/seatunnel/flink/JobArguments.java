package org.seatunnel.flink;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

import org.apache.flink.configuration.ReadableConfig;

/** Where a job comes from. */
final class JobArguments {
    /** The setting that holds it where the cluster is there for this job. Flink hides settings with such a name. */
    static final String SETTING = "seatunnel.job.secret";

    private static final String USAGE = "arguments: --job FILE; or none, and the setting " + SETTING
            + ": what the launcher has made of a job file";

    private JobArguments() {}

    /** The job. */
    static byte[] read(String[] args, ReadableConfig config) throws IOException {
        String setting = Beginning.text(config, SETTING);
        if (args.length == 0 && setting != null) {
            return decode(setting);
        }
        if (args.length != 2 || !args[0].equals("--job")) {
            throw new IllegalArgumentException(USAGE);
        }
        return file(Path.of(args[1]));
    }

    /** A file is looked for where it is said to be, then by its name in the working folder, where YARN and Kubernetes put files. */
    private static byte[] file(Path given) throws IOException {
        for (Path path : new Path[] {given, Path.of("").resolve(given.getFileName())}) {
            if (Files.isRegularFile(path)) {
                return Files.readAllBytes(path);
            }
        }
        throw new IllegalArgumentException("the job file " + given + " is neither there nor in the working folder");
    }

    /** Older files of settings have no quotes, and so keep them. */
    private static byte[] decode(String text) {
        try {
            return Base64.getUrlDecoder().decode(text.replace("\"", ""));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the setting " + SETTING + " is not Base64");
        }
    }
}
