package org.seatunnel.flink.rows;

import java.util.Map;

import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.VarCharType;
import org.seatunnel.translation.ConnectorException;

/** Flink's types as the native side reads the schemas of rows that are written: Spark's JSON. */
final class RowSchema {
    /** The column that says what a row does to its table. */
    static final String ROW_KIND = "__row_kind";

    private RowSchema() {}

    /**
     * The schema of rows, and of a column with their kinds behind.
     *
     * @param types types of columns that Flink has none for, as SeaTunnel writes them
     */
    static String json(RowType rows, Map<String, String> types) {
        StringBuilder out = new StringBuilder("{\"type\":\"struct\",\"fields\":[");
        for (RowType.RowField field : rows.getFields()) {
            try {
                field(out, field.getName(), field.getType(), types.get(field.getName()));
            } catch (UnsupportedOperationException e) {
                throw new ConnectorException(
                        "TRANSLATION-03",
                        "column " + field.getName() + " is of Flink's type " + field.getType().asSummaryString()
                                + ", which has none that it could become\n  = help: cast the column, to a string for instance",
                        false);
            }
            out.append(',');
        }
        field(out, ROW_KIND, new VarCharType(), null);
        return out.append("]}").toString();
    }

    private static void field(StringBuilder out, String name, LogicalType type, String noted) {
        out.append("{\"name\":");
        quote(out, name);
        out.append(",\"type\":");
        boolean isNothing = "null".equals(noted);
        if (isNothing) {
            out.append("\"void\"");
        } else {
            type(out, type);
        }
        out.append(",\"nullable\":").append(type.isNullable()).append(",\"metadata\":{");
        String note = noted == null && type.getTypeRoot() == LogicalTypeRoot.TIME_WITHOUT_TIME_ZONE
                ? "time"
                : noted;
        if (note != null && !isNothing) {
            out.append("\"seatunnel.type\":");
            quote(out, note);
        }
        out.append("}}");
    }

    private static void type(StringBuilder out, LogicalType type) {
        switch (type.getTypeRoot()) {
            case CHAR:
            case VARCHAR:
                out.append("\"string\"");
                break;
            case BOOLEAN:
                out.append("\"boolean\"");
                break;
            case BINARY:
            case VARBINARY:
                out.append("\"binary\"");
                break;
            case DECIMAL:
                DecimalType decimal = (DecimalType) type;
                out.append("\"decimal(").append(decimal.getPrecision()).append(',').append(decimal.getScale()).append(")\"");
                break;
            case TINYINT:
                out.append("\"byte\"");
                break;
            case SMALLINT:
                out.append("\"short\"");
                break;
            case INTEGER:
                out.append("\"integer\"");
                break;
            case BIGINT:
            case TIME_WITHOUT_TIME_ZONE:
                out.append("\"long\"");
                break;
            case FLOAT:
                out.append("\"float\"");
                break;
            case DOUBLE:
                out.append("\"double\"");
                break;
            case DATE:
                out.append("\"date\"");
                break;
            case TIMESTAMP_WITHOUT_TIME_ZONE:
                out.append("\"timestamp_ntz\"");
                break;
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                out.append("\"timestamp\"");
                break;
            case NULL:
                out.append("\"void\"");
                break;
            case ARRAY:
                out.append("{\"type\":\"array\",\"elementType\":");
                type(out, type.getChildren().get(0));
                out.append(",\"containsNull\":true}");
                break;
            case MAP:
                out.append("{\"type\":\"map\",\"keyType\":");
                type(out, type.getChildren().get(0));
                out.append(",\"valueType\":");
                type(out, type.getChildren().get(1));
                out.append(",\"valueContainsNull\":true}");
                break;
            case ROW:
                out.append("{\"type\":\"struct\",\"fields\":[");
                String comma = "";
                for (RowType.RowField field : ((RowType) type).getFields()) {
                    out.append(comma);
                    field(out, field.getName(), field.getType(), null);
                    comma = ",";
                }
                out.append("]}");
                break;
            default:
                throw new UnsupportedOperationException(type.asSummaryString());
        }
    }

    private static void quote(StringBuilder out, String text) {
        out.append('"');
        for (int index = 0; index < text.length(); index++) {
            char letter = text.charAt(index);
            if (letter == '"' || letter == '\\') {
                out.append('\\').append(letter);
            } else if (letter < ' ') {
                out.append(String.format("\\u%04x", (int) letter));
            } else {
                out.append(letter);
            }
        }
        out.append('"');
    }
}
