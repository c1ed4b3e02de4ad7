package org.seatunnel.flink.rows;

import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.table.data.RowData;

/** A sink whose writers prepare and whose committers commit, as Flink 1.20 has it. */
abstract class CommittingSink implements Sink<RowData>, SupportsCommitter<byte[]> {
    private static final long serialVersionUID = 1L;

    /** An older way, which Flink 1.20 asks for and does not go. */
    @Deprecated
    @Override
    public SinkWriter<RowData> createWriter(InitContext context) {
        throw new UnsupportedOperationException("writers are made with a WriterInitContext");
    }
}
