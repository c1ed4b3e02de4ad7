package org.seatunnel.spark;

import java.util.EnumSet;
import java.util.Set;

import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.write.BatchWrite;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** A job as Spark sees it: a table of one column, whose rows are batches of rows on their way from a source to a sink. */
final class ElementTable implements SupportsRead, SupportsWrite {
    static final StructType SCHEMA = new StructType().add("element", DataTypes.BinaryType, false);

    private final String name;
    private final QueryWork work;
    private final byte[] payload;

    ElementTable(JobRun run) {
        name = run.description().name;
        work = run.work();
        payload = run.payload();
    }

    @Override
    public String name() {
        return "job " + name;
    }

    // What replaces it builds on it in all versions of Spark that this runs on.
    @SuppressWarnings("deprecation")
    @Override
    public StructType schema() {
        return SCHEMA;
    }

    @Override
    public Set<TableCapability> capabilities() {
        return EnumSet.of(TableCapability.BATCH_READ, TableCapability.BATCH_WRITE);
    }

    @Override
    public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
        return () -> new Sources(name, work);
    }

    @Override
    public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
        return new WriteBuilder() {
            @Override
            public Write build() {
                return new Sinks(name, work, payload);
            }
        };
    }

    /** Reading: all sources. */
    private static final class Sources implements Scan, Batch {
        private final String name;
        private final QueryWork work;

        Sources(String name, QueryWork work) {
            this.name = name;
            this.work = work;
        }

        @Override
        public StructType readSchema() {
            return SCHEMA;
        }

        @Override
        public String description() {
            return "sources of " + name;
        }

        @Override
        public Batch toBatch() {
            return this;
        }

        @Override
        public InputPartition[] planInputPartitions() {
            return work.partitions();
        }

        @Override
        public PartitionReaderFactory createReaderFactory() {
            return work.readOrder();
        }
    }

    /** Writing: all sinks. */
    private static final class Sinks implements Write {
        private final String name;
        private final QueryWork work;
        private final byte[] payload;

        Sinks(String name, QueryWork work, byte[] payload) {
            this.name = name;
            this.work = work;
            this.payload = payload;
        }

        @Override
        public String description() {
            return "sinks of " + name;
        }

        @Override
        public BatchWrite toBatch() {
            return new ElementWrite(description(), work, payload);
        }
    }
}
