package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.DataWriterFactory;
import org.apache.spark.sql.connector.write.streaming.StreamingDataWriterFactory;
import org.apache.spark.sql.types.StructType;

/** Goes to the executors, with the job in it. */
final class RowsWriterFactory implements DataWriterFactory, StreamingDataWriterFactory {
    private static final long serialVersionUID = 1L;
    /** All of a batch is committed together. */
    private static final long ONLY = 1;

    private final byte[] payload;
    private final StructType schema;

    RowsWriterFactory(byte[] payload, StructType schema) {
        this.payload = payload;
        this.schema = schema;
    }

    /** @param taskId unlike the partition it is another in each attempt, so that attempts don't get in each other's way */
    @Override
    public DataWriter<InternalRow> createWriter(int partitionId, long taskId) {
        return new RowsWriter(payload, schema, Math.toIntExact(taskId), ONLY);
    }

    @Override
    public DataWriter<InternalRow> createWriter(int partitionId, long taskId, long epochId) {
        return new RowsWriter(payload, schema, Math.toIntExact(taskId), RowsStream.number(epochId));
    }
}
