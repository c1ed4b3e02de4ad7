package org.seatunnel.translation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/**
 * Finds and loads the native library: the one that {@code -Dseatunnel.native.path} or {@code SEATUNNEL_NATIVE_PATH} names,
 * else the one inside the jar.
 *
 * <p>A Java machine refuses to load one file in two class loaders, and Flink makes a class loader for each job; so the library
 * in the jar is copied to a file of its own each time.
 */
final class NativeLibrary {
    private static final String NAME = "libseatunnel_jni.so";

    private NativeLibrary() {}

    static void load() {
        String given = System.getProperty("seatunnel.native.path", System.getenv("SEATUNNEL_NATIVE_PATH"));
        if (given != null && !given.isEmpty()) {
            System.load(Path.of(given).toAbsolutePath().toString());
            return;
        }
        String resource = "/native/" + platform() + "/" + NAME;
        try (InputStream in = Native.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new UnsatisfiedLinkError("the jar has no native library for this platform (" + resource
                        + "); give the path of one by -Dseatunnel.native.path");
            }
            Path copy = Files.createTempFile("seatunnel-", ".so");
            try {
                Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
                System.load(copy.toString());
            } finally {
                // It stays mapped.
                Files.deleteIfExists(copy);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the native library can't be unpacked into the folder for temporary files", e);
        }
    }

    private static String platform() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String machine = System.getProperty("os.arch");
        switch (machine) {
            case "amd64":
                machine = "x86_64";
                break;
            case "arm64":
                machine = "aarch64";
                break;
            default:
        }
        return (system.startsWith("linux") ? "linux" : system) + "-" + machine;
    }
}
