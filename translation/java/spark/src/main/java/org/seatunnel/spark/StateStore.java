package org.seatunnel.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.seatunnel.translation.Native;

/**
 * The states of a streaming job: in a folder of the cluster, or where the launcher keeps its state, or else in the driver's
 * memory.
 */
public final class StateStore {
    private static final String PREFIX = "state-";
    /** How many stay: the newest is the one that counts, the other is for those who look what has happened. */
    private static final int KEPT = 2;

    /** Null for none. */
    private final Path folder;
    private final FileSystem files;
    /** The job whose launcher keeps them, where there is no folder. */
    private final long job;
    private StreamState inMemory;
    private boolean lasts = true;

    /**
     * Keeps them where the launcher does, if it can be reached; else as long as the driver lives.
     *
     * @param job a handle that has begun
     * @param found what was kept there
     */
    StateStore(long job, StreamState found) {
        folder = null;
        files = null;
        this.job = job;
        inMemory = found;
    }

    /** Keeps them in a folder of any file system that Hadoop knows. */
    public StateStore(String folder, Configuration configuration) {
        job = 0;
        this.folder = new Path(folder);
        try {
            files = this.folder.getFileSystem(configuration);
            files.mkdirs(this.folder);
        } catch (IOException e) {
            throw failed("use", e);
        }
    }

    /** The newest state, or null if there is none. */
    public StreamState newest() {
        if (folder == null) {
            return inMemory;
        }
        List<Path> all = all();
        if (all.isEmpty()) {
            return null;
        }
        try (FSDataInputStream in = files.open(all.get(all.size() - 1))) {
            return StreamState.of(in.readAllBytes());
        } catch (IOException e) {
            throw failed("read", e);
        }
    }

    /** Keeps a state. Under another name until it is whole. */
    public void write(StreamState state) {
        if (folder == null) {
            lasts = Native.jobKeep(job, state.number, state.toBytes());
            inMemory = state;
            return;
        }
        Path path = new Path(folder, String.format("%s%019d", PREFIX, state.number));
        Path part = new Path(folder, "." + path.getName() + ".part");
        try {
            try (FSDataOutputStream out = files.create(part, true)) {
                out.write(state.toBytes());
                out.hsync();
            }
            if (!files.rename(part, path)) {
                throw new IOException(part + " can't be renamed to " + path.getName());
            }
            List<Path> all = all();
            for (Path old : all.subList(0, Math.max(all.size() - KEPT, 0))) {
                files.delete(old, false);
            }
        } catch (IOException e) {
            throw failed("write to", e);
        }
    }

    /** Whether what was written outlives the driver. */
    boolean lasts() {
        return lasts;
    }

    /** Removes all of them. */
    void remove() {
        inMemory = null;
        if (folder == null) {
            Native.jobForget(job);
            return;
        }
        try {
            files.delete(folder, true);
        } catch (IOException e) {
            throw failed("remove", e);
        }
    }

    private List<Path> all() {
        List<Path> all = new ArrayList<>();
        try {
            for (FileStatus file : files.listStatus(folder)) {
                if (file.getPath().getName().startsWith(PREFIX)) {
                    all.add(file.getPath());
                }
            }
        } catch (IOException e) {
            throw failed("list", e);
        }
        // Numbers have the same length.
        all.sort(Comparator.comparing(Path::getName));
        return all;
    }

    private UncheckedIOException failed(String what, IOException cause) {
        return new UncheckedIOException(
                "can't " + what + " the folder of the job's state, " + folder + ": " + cause.getMessage(), cause);
    }
}
