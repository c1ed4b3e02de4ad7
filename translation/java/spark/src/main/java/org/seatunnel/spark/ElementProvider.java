package org.seatunnel.spark;

import java.util.Map;

import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** What Spark finds by its name: all sources of a job as one table, and all its sinks as another. */
public final class ElementProvider implements TableProvider {
    /** The option that says which job. */
    static final String JOB = "job";

    /** Made by Spark. */
    public ElementProvider() {}

    @Override
    public StructType inferSchema(CaseInsensitiveStringMap options) {
        return ElementTable.SCHEMA;
    }

    @Override
    public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> properties) {
        return new ElementTable(JobRun.of(new CaseInsensitiveStringMap(properties).get(JOB)));
    }
}
