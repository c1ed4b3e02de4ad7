package org.seatunnel.translation;

/**
 * All that crosses between the Java machine and the connectors: numbers and bytes.
 *
 * <p>Handles are numbers that the native side looks up, so that a call with a closed one is a {@link ConnectorException} and
 * nothing worse. Every method may throw a {@link ConnectorException}. Lists of bytes are {@link Frames}. Calls that may
 * take long have a timeout, so that the caller can look whether its task was cancelled meanwhile.
 */
public final class Native {
    /** The ABI that this class was written for; the library says which it has. */
    public static final int ABI = 2;

    /** What {@link #readerPoll} gives: the reader is at its end, and so are all its splits. */
    public static final byte END = 0;
    /** What {@link #readerPoll} gives: rows, or only counts of them; see {@link Element}. */
    public static final byte ELEMENT = 1;
    /** What {@link #readerPoll} gives: the reader waits for a split. An int follows: how many splits it holds. */
    public static final byte WANTS_SPLIT = 2;
    /** What {@link #readerPoll} gives: a split was read to its end. Frames follow: its id and last position. */
    public static final byte FINISHED = 3;
    /** What {@link #readerPoll} gives: no rows, but positions have moved; a checkpoint may be taken. */
    public static final byte SAFE = 4;

    static {
        NativeLibrary.load();
        int abi = abiVersion();
        if (abi != ABI) {
            throw new IllegalStateException(
                    "the native library has ABI " + abi + ", these classes need " + ABI
                            + ": the jar and the library are of different versions of SeaTunnel");
        }
    }

    private Native() {}

    /** The ABI of the library. */
    static native int abiVersion();

    /** The version of the library, UTF-8. */
    public static native byte[] version();

    /** Frees what a handle stands for. Closing twice is nothing. */
    public static native void close(long handle);

    /** How many handles are open: for tests. */
    public static native int liveHandles();

    // ------------------------------------------------------------------------------------------------------------ job

    /**
     * Opens a job: reads its file, connects to what it reads from. The same job opened twice in one process is shared until
     * both handles are closed.
     *
     * @param job what the launcher has made of the job file
     */
    public static native long jobOpen(byte[] job);

    /** What {@link JobDescription} reads. */
    public static native byte[] jobDescribe(long job);

    /**
     * Before anything else of a new job, once, on the driver or the client: what an earlier run has left behind is taken back
     * and save modes are carried out.
     *
     * @return false if an earlier run of this job had done all but commit, which was done now: there is nothing left to do
     */
    public static native boolean jobBegin(long job);

    /**
     * As {@link #jobBegin}, for a streaming job.
     *
     * @param known whether the engine itself has kept something to go on from
     * @return what {@link #jobKeep} was given last, by an earlier driver; null if the job has no such place, or nothing is there
     */
    public static native byte[] jobBeginStreaming(long job, boolean known);

    /**
     * Keeps what a streaming job would go on from, where its launcher keeps its state; behind {@link #jobBeginStreaming}.
     *
     * @return false if there is no such place: the launcher is on another machine, say
     */
    public static native boolean jobKeep(long job, long number, byte[] state);

    /** Forgets what was kept. */
    public static native void jobForget(long job);

    /**
     * Makes visible what writers have prepared; frames of what {@link #writerPrepared} gave. May be called again with the
     * same.
     *
     * <p>Behind {@link #jobBegin} it is called once, with the parts of all sinks: they are durable before the first sink
     * commits, and what lost tasks have prepared besides is taken back.
     */
    public static native void jobCommit(long job, byte[] parts);

    /**
     * Takes back what writers have prepared and nobody will commit; behind {@link #jobCommit} only as far as a later driver
     * would not commit it.
     */
    public static native void jobAbort(long job, byte[] parts);

    /** Takes back whatever else tasks of this job have prepared: of executors that were lost. Behind a commit only. */
    public static native void jobDiscard(long job);

    /** Takes back what tasks have prepared under another number, UTF-8: those of an earlier attempt. */
    public static native void jobDiscardAttempt(long job, byte[] id);

    /**
     * The same job under another number, UTF-8. Engines that go on from a checkpoint, while tasks of the attempt before may
     * still have left something, give each attempt a number of its own.
     */
    public static native byte[] jobOfAttempt(byte[] payload, byte[] id);

    /**
     * The end of a job that did not fail; sinks check here whether what was written is what was asked for.
     *
     * @param sink the position in the plan of the sink that is at its end, or -1 for all
     */
    public static native void jobFinish(long job, int sink);

    /**
     * Says how a job has ended, on the driver or the client: the closing statistic is logged.
     *
     * @param counts rows read, bytes read, rows written, bytes written, rows failed
     * @param error null if it has not failed
     */
    public static native void jobEnded(long job, long[] counts, byte[] error);

    /** What of a part counts: rows written, bytes written, rows failed. */
    public static native long[] partCounts(byte[] part);

    // ----------------------------------------------------------------------------------------------------- enumerator

    /**
     * Opens the enumerator of a source.
     *
     * @param source the source's position in the job's plan
     * @param state what {@link #enumeratorSnapshot} gave, or null
     */
    public static native long enumeratorOpen(long job, int source, int parallelism, byte[] state);

    /**
     * Looks for new splits; they are kept until they are assigned. May take long.
     *
     * @return milliseconds after which to ask again; -1: never, -2: each time that a split was read to its end
     */
    public static native long enumeratorDiscover(long enumerator);

    /** All splits of a source that ends, each as frames of id and split: for engines that plan before they run. */
    public static native byte[] enumeratorAll(long enumerator);

    /** A reader waits for a split, and holds this many. */
    public static native void enumeratorRequest(long enumerator, int reader, int held);

    /**
     * Deals splits to the readers that wait.
     *
     * @return frames; each is again frames: the reader's number (int), and id and split, or nothing else if the reader is to
     *     be told that there will be no more
     */
    public static native byte[] enumeratorAssign(long enumerator);

    /** A reader has failed; its request is forgotten. */
    public static native void enumeratorReaderLost(long enumerator, int reader);

    /** Splits of readers that failed come back, each as frames of id and split. */
    public static native void enumeratorAddBack(long enumerator, byte[] splits);

    /** A split was read to its end: what {@link #FINISHED} came with. */
    public static native void enumeratorFinished(long enumerator, byte[] finished);

    /** A checkpoint with these positions of one reader is durable; frames of frames of id and split. */
    public static native void enumeratorDurable(long enumerator, byte[] splits);

    /** What must be known after a restart, splits that are not assigned included. */
    public static native byte[] enumeratorSnapshot(long enumerator);

    // --------------------------------------------------------------------------------------------------------- reader

    /**
     * Opens a reader with the transforms behind it. It works in threads of its own and is at most a few batches ahead.
     *
     * @param positions whether snapshots will be taken; without them reading is cheaper
     * @param held whether elements only say where in this process their rows are, for engines that hand each to a writer
     *     in the same process, once, before the reader is closed; otherwise the rows are in them
     */
    public static native long readerOpen(
            long job, int source, int subtask, int parallelism, boolean positions, boolean held);

    /** Hands it splits, each as frames of id and split. */
    public static native void readerAddSplits(long reader, byte[] splits);

    /** There will be no more splits. */
    public static native void readerNoMoreSplits(long reader);

    /** What comes next, or null if there is nothing within this time. The first byte says what it is. */
    public static native byte[] readerPoll(long reader, long timeoutMillis);

    /** Waits until {@link #readerPoll} would give something; false if the time is over. */
    public static native boolean readerWait(long reader, long timeoutMillis);

    /** The splits it holds, as they stand after all that {@link #readerPoll} has given: each as frames of id and split. */
    public static native byte[] readerSnapshot(long reader);

    // --------------------------------------------------------------------------------------------------------- writer

    /**
     * Opens a writer of a sink. It works in threads of its own.
     *
     * @param sink the sink's position in the job's plan
     * @param subtask a number that no other writer of the job has at the same time, or ever had in another attempt
     */
    public static native long writerOpen(long job, int sink, int subtask, int parallelism);

    /** Writes an element; false if there was no room within this time, and it must be given again. */
    public static native boolean writerWrite(long writer, byte[] element, long timeoutMillis);

    /**
     * Asks the writer to make ready what it was given.
     *
     * @param last whether nothing will follow
     */
    public static native void writerPrepareStart(long writer, long checkpoint, boolean last);

    /** What {@link #writerPrepareStart} has led to: a part for {@link #jobCommit}; null if it is not ready within this time. */
    public static native byte[] writerPrepared(long writer, long timeoutMillis);

    /** Throws away what is not prepared: the last call after a failure, before {@link #close}. */
    public static native void writerAbort(long writer);

    // ------------------------------------------------------------------------------------------------------ DataFrames

    /** What {@link #columnsPoll} gives: nothing came in this time. */
    public static final long NO_COLUMNS = -1;
    /** What {@link #columnsPoll} gives: the reader is at its end, or has read all splits that it was given. */
    public static final long COLUMNS_END = -2;
    /** What {@link #columnsPoll} gives: no rows, but positions have moved; reading could go on from here. */
    public static final long COLUMNS_SAFE = -3;

    /** How a DataFrame is read or written: as one batch. */
    public static final int BATCH = 0;
    /** How a DataFrame is read or written: as a stream; a job that does not say its mode is a streaming one. */
    public static final int STREAM = 1;
    /** How a DataFrame is read or written: as the job file says, or that is not known yet. */
    public static final int UNKNOWN = 2;

    /**
     * The job of a job file, for {@link #jobOpen}.
     *
     * @param config a path or the file's text, UTF-8
     */
    public static native byte[] jobOfConfig(byte[] config, boolean isFile);

    /**
     * The job of a job file without sinks, whose rows are to be read by {@link #columnsOpen}.
     *
     * @param output the {@code plugin_output} whose rows are meant, or null for the last
     * @param mode {@link #BATCH}, {@link #STREAM} or {@link #UNKNOWN}
     */
    public static native byte[] jobToRead(byte[] config, boolean isFile, byte[] output, int mode);

    /**
     * The job of a job file without sources, which takes rows by {@link #rowsOpen}.
     *
     * @param schema what Spark writes of their schema, JSON
     * @param table what table they are of, or null
     * @param mode {@link #BATCH}, {@link #STREAM} or {@link #UNKNOWN}
     */
    public static native byte[] jobToWrite(byte[] config, boolean isFile, byte[] schema, byte[] table, int mode);

    /** Frames: the position of a table of a job that is read (int), and its schema as Spark reads it, JSON. */
    public static native byte[] jobTable(long job, byte[] name);

    /**
     * The tables of a sink, for those who read the columns of an {@link Element} themselves; its head says which of them it
     * is. Frames of frames: path, columns; these are frames of frames: name, type, whether it may be null (one byte). A type
     * is frames: its name, how users write it, and its parts.
     */
    public static native byte[] sinkTables(long job, int sink);

    /**
     * Opens a reader of a job that is read, which gives columns; splits as frames of frames of id and split.
     *
     * @param complete whether the source will have no others
     * @param positions whether {@link #columnsSnapshot} will be asked for
     */
    public static native long columnsOpen(
            long job,
            int source,
            int subtask,
            int parallelism,
            int table,
            byte[] splits,
            boolean complete,
            boolean positions);

    /**
     * Where it stands behind all that {@link #columnsPoll} has given. Frames: the splits that it holds, and those that are read
     * to their ends; both as frames of frames of id and split.
     */
    public static native byte[] columnsSnapshot(long columns);

    /**
     * What comes next: four times the number of rows, and one more if there are others than inserts among them, and two more if
     * reading could go on behind them; or one of the numbers above, which are negative.
     *
     * @param address where a struct of Arrow's C data interface is put, if there are rows: a struct of the table's columns,
     *     and of one with the numbers of the kinds of rows. It is valid until {@link #columnsRelease}.
     */
    public static native long columnsPoll(long columns, long timeoutMillis, long address);

    /** Frees what {@link #columnsPoll} has put there. */
    public static native void columnsRelease(long address);

    /**
     * Opens a writer of a job that takes rows.
     *
     * @param subtask as {@link #writerOpen} has it
     * @param schema that of the rows, as {@link #jobToWrite} was given it
     */
    public static native long rowsOpen(long job, int subtask, byte[] schema);

    /**
     * Writes rows as Spark has them in memory, each behind its size in 8 bytes; false if there was no room within this time,
     * and they must be given again. They are copied.
     */
    public static native boolean rowsWrite(long rows, long address, long length, long timeoutMillis);

    /** As {@link #rowsWrite}, for rows in an array. */
    public static native boolean rowsWriteBytes(long rows, byte[] bytes, long timeoutMillis);

    /**
     * Asks for what was written to be made ready; false if some of it still waits for room, and it must be asked again.
     *
     * @param last whether nothing will follow
     */
    public static native boolean rowsPrepareStart(long rows, long checkpoint, boolean last, long timeoutMillis);

    /** Frames of parts for {@link #jobCommit}; null if they are not ready within this time. */
    public static native byte[] rowsPrepared(long rows, long timeoutMillis);

    /** Throws away what is not prepared: the last call after a failure, before {@link #close}. */
    public static native void rowsAbort(long rows);
}
