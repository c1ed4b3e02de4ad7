package org.seatunnel.translation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.UUID;

/**
 * Finds and loads the native library: the one that {@code -Dseatunnel.native.path} or {@code SEATUNNEL_NATIVE_PATH} names,
 * else the one inside the jar.
 *
 * <p>A Java machine refuses to load a file of one name in two class loaders, and Flink makes a class loader for each job; a
 * library that is loaded is never gone again. A copy for each job would fill memory. So there is one copy for all jobs and
 * processes of a user, and each class loader gets a name of its own for that very file (a hard link): the system's loader
 * sees that it has it already, so that all jobs of a process share code, threads and what is open.
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
        try {
            loadUnderOwnName(copy());
        } catch (IOException e) {
            throw new UncheckedIOException("the native library can't be unpacked into the folder for temporary files", e);
        }
    }

    private static void loadUnderOwnName(Path copy) throws IOException {
        Path name = copy.resolveSibling(UUID.randomUUID() + ".so");
        try {
            Files.createLink(name, copy);
        } catch (UnsupportedOperationException e) {
            Files.copy(copy, name);
        }
        try {
            System.load(name.toString());
        } finally {
            // It stays mapped.
            Files.deleteIfExists(name);
        }
    }

    /** The copy of the library in this jar, made at the first time and named after what is in it. */
    private static Path copy() throws IOException {
        String resource = "/native/" + platform() + "/" + NAME;
        URL url = NativeLibrary.class.getResource(resource);
        if (url == null) {
            throw new UnsatisfiedLinkError("the jar has no native library for this platform (" + resource
                    + "); give the path of one by -Dseatunnel.native.path");
        }
        URLConnection connection = url.openConnection();
        // Or the jar would stay open as long as the process.
        connection.setUseCaches(false);
        try (InputStream in = connection.getInputStream()) {
            long size = connection.getContentLengthLong();
            long mark = connection instanceof JarURLConnection
                    ? ((JarURLConnection) connection).getJarEntry().getCrc()
                    : connection.getLastModified();
            Path copy = folder().resolve(Long.toHexString(mark) + "-" + size + ".so");
            if (Files.isRegularFile(copy, LinkOption.NOFOLLOW_LINKS) && Files.size(copy) == size) {
                return copy;
            }
            Path unpacked = copy.resolveSibling(UUID.randomUUID() + ".part");
            try {
                Files.copy(in, unpacked);
                // Not in place: others must not see a part of it.
                Files.move(unpacked, copy, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(unpacked);
            }
            return copy;
        }
    }

    /** A folder that only this user writes to: what is in it is run. */
    private static Path folder() throws IOException {
        Path folder = Path.of(System.getProperty("java.io.tmpdir"), "seatunnel-native-" + System.getProperty("user.name"));
        try {
            Files.createDirectory(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (FileAlreadyExistsException e) {
            Path own = Files.createTempFile("seatunnel-", ".tmp");
            try {
                boolean isOurs = Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                        && Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(own))
                        && Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS).stream()
                                .noneMatch(NativeLibrary::letsOthersWrite);
                if (!isOurs) {
                    throw new IOException(folder + " is not a folder that only this user can write to; remove it");
                }
            } finally {
                Files.delete(own);
            }
        }
        return folder;
    }

    private static boolean letsOthersWrite(PosixFilePermission permission) {
        return permission == PosixFilePermission.GROUP_WRITE || permission == PosixFilePermission.OTHERS_WRITE;
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
