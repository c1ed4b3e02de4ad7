package org.seatunnel.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

import org.apache.spark.SparkFiles;

/** Where a job comes from. */
final class JobArguments {
    private static final String USAGE =
            "arguments: --job FILE, or --job-variable NAME of the environment: what the launcher has made of a job file";

    private final String file;
    private final byte[] payload;

    private JobArguments(String file, byte[] payload) {
        this.file = file;
        this.payload = payload;
    }

    static JobArguments parse(String[] args) {
        if (args.length != 2) {
            throw new IllegalArgumentException(USAGE);
        }
        switch (args[0]) {
            case "--job":
                return new JobArguments(args[1], null);
            case "--job-variable":
                return new JobArguments(null, ofVariable(args[1]));
            default:
                throw new IllegalArgumentException(USAGE);
        }
    }

    private static byte[] ofVariable(String variable) {
        String text = System.getenv(variable);
        if (text == null) {
            throw new IllegalArgumentException(
                    "the cluster has not handed the variable " + variable + " of the environment on to the driver");
        }
        return decode(text);
    }

    static byte[] decode(String text) {
        try {
            return Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("what --job-variable names is not Base64");
        }
    }

    /**
     * The job, or null if its file can only be found when there is a Spark context.
     *
     * <p>A file is looked for where it is said to be, then by its name in the working folder, where YARN and Kubernetes put
     * files.
     */
    byte[] read() throws IOException {
        if (payload != null) {
            return payload;
        }
        Path given = Path.of(file);
        for (Path path : new Path[] {given, Path.of("").resolve(given.getFileName())}) {
            if (Files.isRegularFile(path)) {
                return Files.readAllBytes(path);
            }
        }
        return null;
    }

    /** The job, if need be from the files that Spark has brought along. */
    byte[] readWithSpark() throws IOException {
        byte[] found = read();
        if (found != null) {
            return found;
        }
        Path brought = Path.of(SparkFiles.get(Path.of(file).getFileName().toString()));
        if (!Files.isRegularFile(brought)) {
            throw new IllegalArgumentException(
                    "the job file " + file + " is neither there nor in the working folder nor among the files of the "
                            + "application; send it along by spark-submit --files");
        }
        return Files.readAllBytes(brought);
    }
}
