package org.seatunnel.spark;

import java.util.Iterator;
import java.util.List;
import java.util.Map;

import org.apache.spark.sql.connector.write.BatchWrite;
import org.apache.spark.sql.connector.write.DataWriterFactory;
import org.apache.spark.sql.connector.write.PhysicalWriteInfo;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.Native;

/**
 * The writing side of a query. Tasks prepare; only the driver commits, when all of them are done: a task may die behind its
 * end and run again, and nothing of it must be visible then.
 */
final class JobBatchWrite implements BatchWrite {
    private final JobRun run;
    /** What is to commit still. Spark calls {@link #abort} behind a failed {@link #commit}, with what was committed, too. */
    private Map<Integer, List<byte[]>> open;

    JobBatchWrite(JobRun run) {
        this.run = run;
    }

    @Override
    public DataWriterFactory createBatchWriterFactory(PhysicalWriteInfo info) {
        return new ElementWriterFactory(run.payload());
    }

    /** Of several attempts of a task that run at the same time one may come to its end. */
    @Override
    public boolean useCommitCoordinator() {
        return true;
    }

    @Override
    public void commit(WriterCommitMessage[] messages) {
        count(messages);
        open = PreparedParts.bySink(messages);
        if (open.isEmpty()) {
            Native.jobCommit(run.job(), Frames.pack());
        }
        Iterator<List<byte[]>> left = open.values().iterator();
        while (left.hasNext()) {
            Native.jobCommit(run.job(), Frames.pack(left.next()));
            left.remove();
        }
        Native.jobDiscard(run.job());
    }

    @Override
    public void abort(WriterCommitMessage[] messages) {
        if (open == null) {
            count(messages);
            open = PreparedParts.bySink(messages);
        }
        for (List<byte[]> parts : open.values()) {
            Native.jobAbort(run.job(), Frames.pack(parts));
        }
        Native.jobDiscard(run.job());
    }

    private void count(WriterCommitMessage[] messages) {
        for (WriterCommitMessage message : messages) {
            if (message != null) {
                run.count(((PreparedParts) message).counts());
            }
        }
    }
}
