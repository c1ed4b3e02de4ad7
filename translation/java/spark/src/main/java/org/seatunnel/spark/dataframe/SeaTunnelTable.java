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
import org.apache.spark.sql.connector.write.streaming.StreamingWrite;
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
    /** What a stream is written with; null if none is. */
    private RowsStream stream;

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
                TableCapability.BATCH_READ,
                TableCapability.BATCH_WRITE,
                TableCapability.MICRO_BATCH_READ,
                TableCapability.STREAMING_WRITE,
                TableCapability.ACCEPT_ANY_SCHEMA);
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
        return new ColumnsScan.Builder(options, schema);
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

                    @Override
                    public StreamingWrite toStreaming() {
                        return stream(info.queryId(), info.schema());
                    }
                };
            }
        };
    }

    /** Spark asks anew for each epoch; what was begun goes on as long as the query. */
    private synchronized RowsStream stream(String queryId, StructType rows) {
        if (stream == null || !stream.queryId().equals(queryId) || !stream.schema().equals(rows)) {
            stream = new RowsStream(options, queryId, rows);
        }
        return stream;
    }
}
