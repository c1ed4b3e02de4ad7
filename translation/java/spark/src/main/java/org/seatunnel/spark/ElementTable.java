package org.seatunnel.spark;

import java.util.EnumSet;
import java.util.Set;

import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.Batch;
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

    private final JobRun run;

    ElementTable(JobRun run) {
        this.run = run;
    }

    @Override
    public String name() {
        return "SeaTunnel job " + run.description().name;
    }

    // What replaces it is missing in Spark 3.3 and wraps it later.
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
        return () -> new ElementScan(run);
    }

    @Override
    public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
        return new WriteBuilder() {
            @Override
            public Write build() {
                return new ElementWrite(run);
            }
        };
    }

    /** Reading: all sources. */
    private static final class ElementScan implements Scan {
        private final JobRun run;

        ElementScan(JobRun run) {
            this.run = run;
        }

        @Override
        public StructType readSchema() {
            return SCHEMA;
        }

        @Override
        public String description() {
            return "sources of " + run.description().name;
        }

        @Override
        public Batch toBatch() {
            return new ElementBatch(run);
        }
    }

    /** Writing: all sinks. */
    private static final class ElementWrite implements Write {
        private final JobRun run;

        ElementWrite(JobRun run) {
            this.run = run;
        }

        @Override
        public String description() {
            return "sinks of " + run.description().name;
        }

        @Override
        public BatchWrite toBatch() {
            return new JobBatchWrite(run);
        }
    }
}
