package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.seatunnel.spark.SplitsPartition;

/** Tells executors what to read. It goes there with the job in it. */
final class ColumnsReaderFactory implements PartitionReaderFactory {
    private static final long serialVersionUID = 1L;

    private final byte[] payload;
    private final int table;
    /** Of each column that is wanted its position in the table; that of kinds is behind all. */
    private final int[] positions;
    private final DataType[] types;
    private final int kinds;
    private final boolean asksForKinds;

    ColumnsReaderFactory(byte[] payload, int table, StructType schema, StructType wanted) {
        this.payload = payload;
        this.table = table;
        StructField[] fields = wanted.fields();
        positions = new int[fields.length];
        types = new DataType[fields.length];
        kinds = schema.length();
        boolean found = false;
        for (int index = 0; index < fields.length; index++) {
            types[index] = fields[index].dataType();
            scala.Option<Object> position = schema.getFieldIndex(fields[index].name());
            positions[index] = position.isDefined() ? (Integer) position.get() : kinds;
            found |= positions[index] == kinds;
        }
        asksForKinds = found;
    }

    @Override
    public boolean supportColumnarReads(InputPartition partition) {
        return true;
    }

    @Override
    public PartitionReader<ColumnarBatch> createColumnarReader(InputPartition partition) {
        return new ColumnsReader(payload, (SplitsPartition) partition, table, this);
    }

    @Override
    public PartitionReader<InternalRow> createReader(InputPartition partition) {
        throw new UnsupportedOperationException("all is read as columns");
    }

    int[] positions() {
        return positions;
    }

    DataType[] types() {
        return types;
    }

    /** The position of the column of kinds. */
    int kinds() {
        return kinds;
    }

    boolean asksForKinds() {
        return asksForKinds;
    }
}
