package org.seatunnel.spark.dataframe;

import java.util.EnumSet;
import java.util.Set;

import org.apache.spark.sql.connector.catalog.MetadataColumn;
import org.apache.spark.sql.connector.catalog.SupportsMetadataColumns;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.write.BatchWrite;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** One table of a source, or the table that goes into sinks. Which of the two is known when it is used. */
final class SeaTunnelTable implements SupportsRead, SupportsWrite, SupportsMetadataColumns {
    /** The column that says what a row does to its table: {@code +I}, {@code -U}, {@code +U}, {@code -D}. */
    static final String ROW_KIND = "__row_kind";

    private final StructType schema;
    private final DataFrameOptions options;

    SeaTunnelTable(StructType schema, DataFrameOptions options) {
        this.schema = schema;
        this.options = options;
    }

    @Override
    public String name() {
        return "seatunnel";
    }

    // What replaces it builds on it in all versions of Spark that this runs on.
    @SuppressWarnings("deprecation")
    @Override
    public StructType schema() {
        return schema;
    }

    @Override
    public Set<TableCapability> capabilities() {
        return EnumSet.of(
                TableCapability.BATCH_READ, TableCapability.BATCH_WRITE, TableCapability.ACCEPT_ANY_SCHEMA);
    }

    @Override
    public MetadataColumn[] metadataColumns() {
        return new MetadataColumn[] {
            new MetadataColumn() {
                @Override
                public String name() {
                    return ROW_KIND;
                }

                @Override
                public DataType dataType() {
                    return DataTypes.StringType;
                }

                @Override
                public boolean isNullable() {
                    return false;
                }

                @Override
                public String comment() {
                    return "what the row does to its table: +I, -U, +U or -D";
                }
            }
        };
    }

    @Override
    public ScanBuilder newScanBuilder(CaseInsensitiveStringMap ignored) {
        SourceJob job = SourceJob.open(options);
        if (!sameTypes(job.schema(), schema)) {
            throw new IllegalArgumentException(
                    "the source has the schema " + job.schema().toDDL() + ", and not the one that was given: leave it out");
        }
        return new ColumnsScan.Builder(job);
    }

    /** Spark may make a schema say that its fields hold nulls. */
    private static boolean sameTypes(StructType own, StructType given) {
        return own.asNullable().equals(given.asNullable());
    }

    @Override
    public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
        return new WriteBuilder() {
            @Override
            public Write build() {
                return new Write() {
                    @Override
                    public String description() {
                        return "sinks of a job";
                    }

                    @Override
                    public BatchWrite toBatch() {
                        return new RowsWrite(options, info.schema());
                    }
                };
            }
        };
    }
}
