package org.seatunnel.flink;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/** Where a job comes from. */
final class JobArguments {
    private static final String USAGE = "arguments: --job FILE, or --job-base64 TEXT: what the launcher has made of a job file";

    private JobArguments() {}

    /** The job. */
    static byte[] read(String[] args) throws IOException {
        if (args.length != 2) {
            throw new IllegalArgumentException(USAGE);
        }
        switch (args[0]) {
            case "--job":
                return file(Path.of(args[1]));
            case "--job-base64":
                return decode(args[1]);
            default:
                throw new IllegalArgumentException(USAGE);
        }
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

    /** Either alphabet: the one for addresses needs no quotes in a shell. */
    private static byte[] decode(String text) {
        try {
            return Base64.getDecoder().decode(text.replace('-', '+').replace('_', '/'));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("what follows --job-base64 is not Base64");
        }
    }
}
