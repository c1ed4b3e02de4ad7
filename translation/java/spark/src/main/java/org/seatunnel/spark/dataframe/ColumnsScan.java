package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.SupportsPushDownRequiredColumns;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.seatunnel.translation.Native;

/** Reads some columns of a source, as a batch or as a stream. */
final class ColumnsScan implements Scan, Batch {
    private final DataFrameOptions options;
    private final StructType schema;
    private final StructType wanted;
    /** The job of a batch. */
    private SourceJob job;

    private ColumnsScan(DataFrameOptions options, StructType schema, StructType wanted) {
        this.options = options;
        this.schema = schema;
        this.wanted = wanted;
    }

    /** Told by Spark which columns it needs. */
    static final class Builder implements ScanBuilder, SupportsPushDownRequiredColumns {
        private final DataFrameOptions options;
        private final StructType schema;
        private StructType wanted;

        Builder(DataFrameOptions options, StructType schema) {
            this.options = options;
            this.schema = schema;
            wanted = schema;
        }

        /** Of a column that is a struct Spark may ask for a part; it gets the whole, which it takes as well. */
        @Override
        public void pruneColumns(StructType required) {
            StructType whole = new StructType();
            for (StructField field : required.fields()) {
                scala.Option<Object> index = schema.getFieldIndex(field.name());
                whole = whole.add(index.isDefined() ? schema.fields()[(Integer) index.get()] : field);
            }
            wanted = whole;
        }

        @Override
        public Scan build() {
            return new ColumnsScan(options, schema, wanted);
        }
    }

    @Override
    public StructType readSchema() {
        return wanted;
    }

    @Override
    public String description() {
        return "source of a job";
    }

    @Override
    public Batch toBatch() {
        job();
        return this;
    }

    @Override
    public MicroBatchStream toMicroBatchStream(String checkpointLocation) {
        return new SourceStream(open(Native.STREAM), wanted(), checkpointLocation);
    }

    private synchronized SourceJob job() {
        if (job == null) {
            job = open(Native.BATCH);
        }
        return job;
    }

    private SourceJob open(int mode) {
        SourceJob opened = SourceJob.open(options, mode);
        if (!sameTypes(opened.schema(), schema)) {
            throw new IllegalArgumentException("the source has the schema " + opened.schema().toDDL()
                    + ", and not the one that was given: leave it out");
        }
        return opened;
    }

    /** Spark may make a schema say that its fields hold nulls. */
    private static boolean sameTypes(StructType own, StructType given) {
        return own.asNullable().equals(given.asNullable());
    }

    private WantedColumns wanted() {
        return new WantedColumns(schema, wanted);
    }

    @Override
    public InputPartition[] planInputPartitions() {
        return job().partitions();
    }

    @Override
    public PartitionReaderFactory createReaderFactory() {
        return new ColumnsReaderFactory(job().payload(), job().table(), wanted(), null);
    }
}
