package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.seatunnel.spark.Tasks;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Native;

/**
 * Reads a split in an epoch of a stream, in a task.
 *
 * <p>The first who comes to an end decides where the end is, before Spark sees it: some time has gone by, or nothing comes any
 * more, and reading could go on from here. All others, whatever the reason for reading once more, give the same rows: a split
 * gives its rows in one order, so it is enough to count them.
 */
final class EpochReader implements PartitionReader<ColumnarBatch> {
    /** How long the first rows may take at least: a reader that connects anew each time must not be stopped before it has begun. */
    private static final long FIRST_ROWS_NANOS = 5_000_000_000L;
    /** When nothing has come for so long, what there is was read. */
    private static final long IDLE_NANOS = 500_000_000L;

    private final EpochPartition partition;
    private final EpochOrder order;
    /** Null if there is nothing to read. */
    private final NativeColumns columns;
    private final long opened = System.nanoTime();
    /** When the first rows came; and when the last. */
    private long begun;
    private long last;
    private boolean hasBegun;
    private boolean atEnd;
    /** Whether reading could go on from here without rows coming twice. */
    private boolean safe = true;
    private long rows;
    private EpochEnd decided;
    private ColumnarBatch batch;

    EpochReader(byte[] payload, EpochPartition partition, int table, WantedColumns wanted, EpochOrder order) {
        this.partition = partition;
        this.order = order;
        decided = order.log.end(partition.epoch, partition.index);
        boolean isEmpty = decided != null && decided.rows == 0;
        columns = isEmpty ? null : new NativeColumns(payload, partition.splits(), table, wanted, true);
    }

    @Override
    public boolean next() {
        batch = null;
        while (decided == null || rows < decided.rows) {
            Tasks.stopIfKilled();
            if (decided == null && isOver()) {
                decide();
                continue;
            }
            if (atEnd) {
                throw new ConnectorException(
                        "TRANSLATION-06",
                        "a split ends behind " + rows + " rows, and gave " + decided.rows
                                + " when this part of the stream was read before\n"
                                + "  = help: what it reads from has changed; start the query with another checkpointLocation",
                        false);
            }
            long polled = columns.poll(patience());
            if (polled == Native.COLUMNS_END) {
                atEnd = true;
            } else if (polled == Native.COLUMNS_SAFE) {
                came();
                safe = true;
            } else if (polled >= 0) {
                came();
                safe = NativeColumns.isSafe(polled);
                int all = NativeColumns.rows(polled);
                int own = decided == null ? all : (int) Math.min(all, decided.rows - rows);
                rows += own;
                batch = columns.batch(polled, own);
                return true;
            }
        }
        return false;
    }

    private void came() {
        last = System.nanoTime();
        if (!hasBegun) {
            hasBegun = true;
            begun = last;
        }
    }

    private boolean isOver() {
        if (atEnd) {
            return true;
        }
        long now = System.nanoTime();
        long length = order.stopAfterMillis * 1_000_000;
        long late = hasBegun ? now - begun - length : now - opened - Math.max(length, FIRST_ROWS_NANOS);
        long patience = order.patienceMillis * 1_000_000;
        if (late >= 0 && !safe && patience > 0 && late > patience) {
            throw new ConnectorException(
                    "TRANSLATION-04",
                    "a reader came to no place where a checkpoint may be taken\n"
                            + "  = help: give it more time by `checkpoint.timeout`",
                    true);
        }
        return safe && (late >= 0 || hasBegun && now - last >= IDLE_NANOS);
    }

    private void decide() {
        decided = order.log.decide(partition.epoch, partition.index, new EpochEnd(rows, columns.snapshot()));
        if (decided.rows < rows) {
            throw new ConnectorException(
                    "TRANSLATION-07",
                    "another attempt of the task came to an end before this one, and this one has read further: it is run again",
                    true);
        }
    }

    private long patience() {
        return Math.min(Math.min(order.stopAfterMillis, Tasks.PATIENCE_MILLIS), IDLE_NANOS / 1_000_000);
    }

    @Override
    public ColumnarBatch get() {
        return batch;
    }

    @Override
    public void close() {
        if (columns != null) {
            columns.close();
        }
    }
}
