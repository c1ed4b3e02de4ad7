package org.seatunnel.flink.rows;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.apache.flink.table.types.logical.RowType;
import org.seatunnel.translation.Frames;

/** A table whose rows are read. */
final class TableColumns {
    final String path;
    final List<String> names = new ArrayList<>();
    final List<ColumnType> types = new ArrayList<>();

    private TableColumns(List<byte[]> fields) {
        path = Frames.toText(fields.get(0));
        for (byte[] column : Frames.unpack(fields.get(1))) {
            List<byte[]> own = Frames.unpack(column);
            names.add(Frames.toText(own.get(0)));
            types.add(ColumnType.of(own.get(1)));
        }
    }

    /** Of what the native side says: all tables of a sink. */
    static List<TableColumns> of(byte[] bytes) {
        List<TableColumns> tables = new ArrayList<>();
        for (byte[] table : Frames.unpack(bytes)) {
            tables.add(new TableColumns(Frames.unpack(table)));
        }
        return tables;
    }

    /** What rows are in Flink. All columns may be null there: what a source promises nobody has checked. */
    RowType toFlink() {
        List<RowType.RowField> fields = new ArrayList<>();
        for (int index = 0; index < names.size(); index++) {
            fields.add(new RowType.RowField(names.get(index), types.get(index).toFlink()));
        }
        return new RowType(fields);
    }

    /** The types of columns that Flink's alone don't tell. */
    Map<String, String> untold() {
        Map<String, String> untold = new LinkedHashMap<>();
        for (int index = 0; index < names.size(); index++) {
            if (!types.get(index).isTold()) {
                untold.put(names.get(index), types.get(index).text);
            }
        }
        return untold;
    }
}
