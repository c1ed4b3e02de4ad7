package org.seatunnel.spark.dataframe;

import java.io.Serializable;

import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Which columns of a table a query needs. */
final class WantedColumns implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Of each column that is wanted its position in the table; that of kinds is behind all. */
    final int[] positions;
    final DataType[] types;
    /** The position of the column of kinds. */
    final int kinds;
    final boolean asksForKinds;

    WantedColumns(StructType schema, StructType wanted) {
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
}
