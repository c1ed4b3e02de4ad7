package org.seatunnel.spark.dataframe;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;

/**
 * What is known of the epochs of a stream, below the checkpoint location of its query: what is read in each, and how far each
 * split was. A file is written once and never changed: of several who write it the first decides, and the others take what it
 * says.
 */
final class EpochLog implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final String PLAN = "plan";
    private static final String END = "end";

    private final String folder;
    private final SerializableConfiguration configuration;

    EpochLog(String folder, Configuration configuration) {
        this.folder = folder;
        this.configuration = new SerializableConfiguration(configuration);
        try {
            files().mkdirs(new Path(folder));
        } catch (IOException e) {
            throw failed("use", e);
        }
    }

    /** What is read in an epoch; null if that is not decided. */
    EpochPlan plan(long epoch) {
        byte[] found = read(path(PLAN, epoch));
        return found == null ? null : EpochPlan.of(found);
    }

    /** Decides what is read in an epoch, unless somebody has. */
    EpochPlan decide(EpochPlan plan) {
        return EpochPlan.of(putIfAbsent(path(PLAN, plan.epoch), plan.toBytes()));
    }

    /** How far a split was read in an epoch; null if that is not decided. */
    EpochEnd end(long epoch, int index) {
        byte[] found = read(path(END, epoch, index));
        return found == null ? null : EpochEnd.of(found);
    }

    /** Decides how far a split is read in an epoch, unless somebody has. */
    EpochEnd decide(long epoch, int index, EpochEnd end) {
        return EpochEnd.of(putIfAbsent(path(END, epoch, index), end.toBytes()));
    }

    /** Forgets what was before an epoch. */
    void forgetBefore(long epoch) {
        try {
            for (FileStatus file : files().listStatus(new Path(folder))) {
                String[] parts = file.getPath().getName().split("-");
                if (parts.length > 1 && (parts[0].equals(PLAN) || parts[0].equals(END)) && Long.parseLong(parts[1]) < epoch) {
                    files().delete(file.getPath(), false);
                }
            }
        } catch (IOException e) {
            throw failed("clean up", e);
        }
    }

    private Path path(String what, long... numbers) {
        StringBuilder name = new StringBuilder(what);
        for (long number : numbers) {
            name.append('-').append(number);
        }
        return new Path(folder, name.toString());
    }

    private FileSystem files() throws IOException {
        return new Path(folder).getFileSystem(configuration.value());
    }

    private byte[] read(Path path) {
        try {
            FileSystem files = files();
            if (!files.exists(path)) {
                return null;
            }
            if (files instanceof LocalFileSystem) {
                return Files.readAllBytes(((LocalFileSystem) files).pathToFile(path).toPath());
            }
            try (FSDataInputStream in = files.open(path)) {
                return in.readAllBytes();
            }
        } catch (IOException e) {
            throw failed("read", e);
        }
    }

    /** Writes a file that is not there, and gives what is in it then. */
    private byte[] putIfAbsent(Path path, byte[] content) {
        Path part = new Path(folder, "." + path.getName() + "." + UUID.randomUUID() + ".part");
        try {
            FileSystem files = files();
            boolean isFirst = files instanceof LocalFileSystem
                    ? putLocally((LocalFileSystem) files, part, path, content)
                    : put(files, part, path, content);
            return isFirst ? content : read(path);
        } catch (IOException e) {
            throw failed("write to", e);
        }
    }

    /** Hadoop's own rename replaces files on a disk; a link does not. */
    private static boolean putLocally(LocalFileSystem files, Path part, Path path, byte[] content) throws IOException {
        java.nio.file.Path local = files.pathToFile(part).toPath();
        java.nio.file.Path target = files.pathToFile(path).toPath();
        try (FileChannel out = FileChannel.open(local, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(content);
            while (left.hasRemaining()) {
                out.write(left);
            }
            out.force(true);
        }
        try {
            Files.createLink(target, local);
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (UnsupportedOperationException e) {
            throw new IOException("the file system of " + target + " has no hard links", e);
        } finally {
            Files.delete(local);
        }
    }

    /** Renaming fails where there is a file already: what Spark's own checkpoints ask of a file system too. */
    private static boolean put(FileSystem files, Path part, Path path, byte[] content) throws IOException {
        try (FSDataOutputStream out = files.create(part, false)) {
            out.write(content);
            out.hsync();
        }
        boolean renamed;
        try {
            renamed = files.rename(part, path);
        } catch (org.apache.hadoop.fs.FileAlreadyExistsException e) {
            renamed = false;
        }
        if (!renamed) {
            files.delete(part, false);
            if (!files.exists(path)) {
                throw new IOException(part + " can't be renamed to " + path.getName());
            }
        }
        return renamed;
    }

    private UncheckedIOException failed(String what, IOException cause) {
        return new UncheckedIOException(
                "can't " + what + " the folder of the stream's epochs, " + folder + ": " + cause.getMessage(), cause);
    }
}
