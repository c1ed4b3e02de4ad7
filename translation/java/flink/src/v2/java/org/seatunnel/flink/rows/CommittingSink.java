package org.seatunnel.flink.rows;

import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.table.data.RowData;

/** A sink whose writers prepare and whose committers commit, as Flink 2.x has it. */
abstract class CommittingSink implements Sink<RowData>, SupportsCommitter<byte[]> {
    private static final long serialVersionUID = 1L;
}
