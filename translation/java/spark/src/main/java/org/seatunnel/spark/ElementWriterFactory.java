package org.seatunnel.spark;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.DataWriterFactory;

/** Goes to the executors, with the job in it. */
final class ElementWriterFactory implements DataWriterFactory {
    private static final long serialVersionUID = 1L;

    private final byte[] payload;
    private final long checkpoint;

    ElementWriterFactory(byte[] payload, long checkpoint) {
        this.payload = payload;
        this.checkpoint = checkpoint;
    }

    /** @param taskId unlike the partition it is another in each attempt, so that attempts don't get in each other's way */
    @Override
    public DataWriter<InternalRow> createWriter(int partitionId, long taskId) {
        return new ElementWriter(payload, Math.toIntExact(taskId), checkpoint);
    }
}
