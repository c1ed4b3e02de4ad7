package org.seatunnel.spark;

import org.apache.spark.sql.connector.write.BatchWrite;
import org.apache.spark.sql.connector.write.DataWriterFactory;
import org.apache.spark.sql.connector.write.PhysicalWriteInfo;
import org.apache.spark.sql.connector.write.WriterCommitMessage;

/**
 * The writing side of a query. Tasks prepare; only the driver commits, when all of them are done: a task may die behind its
 * end and run again, and nothing of it must be visible then.
 */
final class ElementWrite implements BatchWrite {
    private final String name;
    private final QueryWork work;
    private final byte[] payload;

    ElementWrite(String name, QueryWork work, byte[] payload) {
        this.name = name;
        this.work = work;
        this.payload = payload;
    }

    @Override
    public DataWriterFactory createBatchWriterFactory(PhysicalWriteInfo info) {
        return new ElementWriterFactory(payload, work.checkpoint());
    }

    /** Of several attempts of a task that run at the same time one may come to its end. */
    @Override
    public boolean useCommitCoordinator() {
        return true;
    }

    @Override
    public void commit(WriterCommitMessage[] messages) {
        work.commit(messages);
    }

    @Override
    public void abort(WriterCommitMessage[] messages) {
        work.abort(messages);
    }

    /** What Spark's log calls it. */
    @Override
    public String toString() {
        return name;
    }
}
