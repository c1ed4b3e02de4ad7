package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.SupportsPushDownRequiredColumns;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Reads some columns of a source. */
final class ColumnsScan implements Scan, Batch {
    private final SourceJob job;
    private final StructType wanted;

    private ColumnsScan(SourceJob job, StructType wanted) {
        this.job = job;
        this.wanted = wanted;
    }

    /** Told by Spark which columns it needs. */
    static final class Builder implements ScanBuilder, SupportsPushDownRequiredColumns {
        private final SourceJob job;
        private StructType wanted;

        Builder(SourceJob job) {
            this.job = job;
            wanted = job.schema();
        }

        /** Of a column that is a struct Spark may ask for a part; it gets the whole, which it takes as well. */
        @Override
        public void pruneColumns(StructType required) {
            StructType whole = new StructType();
            StructType all = job.schema();
            for (StructField field : required.fields()) {
                scala.Option<Object> index = all.getFieldIndex(field.name());
                whole = whole.add(index.isDefined() ? all.fields()[(Integer) index.get()] : field);
            }
            wanted = whole;
        }

        @Override
        public Scan build() {
            return new ColumnsScan(job, wanted);
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
        return this;
    }

    @Override
    public InputPartition[] planInputPartitions() {
        return job.partitions();
    }

    @Override
    public PartitionReaderFactory createReaderFactory() {
        return new ColumnsReaderFactory(job.payload(), job.table(), job.schema(), wanted);
    }
}
