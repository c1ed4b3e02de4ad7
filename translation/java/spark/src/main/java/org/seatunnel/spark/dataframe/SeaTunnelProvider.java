package org.seatunnel.spark.dataframe;

import java.util.Map;

import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.sources.DataSourceRegister;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.seatunnel.translation.Native;

/**
 * Sources of connectors as DataFrames, and DataFrames into their sinks: {@code spark.read().format("seatunnel")}, and the
 * same with {@code readStream} and {@code writeStream}.
 *
 * <p>Options: see {@link DataFrameOptions}.
 */
public final class SeaTunnelProvider implements TableProvider, DataSourceRegister {
    /** Made by Spark. */
    public SeaTunnelProvider() {}

    @Override
    public String shortName() {
        return "seatunnel";
    }

    @Override
    public StructType inferSchema(CaseInsensitiveStringMap options) {
        return SourceJob.open(new DataFrameOptions(options), Native.UNKNOWN).schema();
    }

    /** A DataFrame that is written brings its schema. */
    @Override
    public boolean supportsExternalMetadata() {
        return true;
    }

    @Override
    public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> properties) {
        return new SeaTunnelTable(schema, new DataFrameOptions(new CaseInsensitiveStringMap(properties)));
    }
}
