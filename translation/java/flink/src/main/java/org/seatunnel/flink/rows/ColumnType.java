package org.seatunnel.flink.rows;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.BooleanType;
import org.apache.flink.table.types.logical.DateType;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.DoubleType;
import org.apache.flink.table.types.logical.FloatType;
import org.apache.flink.table.types.logical.IntType;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.SmallIntType;
import org.apache.flink.table.types.logical.TimestampType;
import org.apache.flink.table.types.logical.TinyIntType;
import org.apache.flink.table.types.logical.VarBinaryType;
import org.apache.flink.table.types.logical.VarCharType;
import org.seatunnel.translation.Frames;

/**
 * A type of SeaTunnel, and what it is in Flink.
 *
 * <table>
 * <caption>Types</caption>
 * <tr><th>SeaTunnel</th><th>Flink</th></tr>
 * <tr><td>string</td><td>STRING</td></tr>
 * <tr><td>boolean, tinyint, smallint, int, bigint, float, double</td><td>the same</td></tr>
 * <tr><td>decimal(p, s)</td><td>DECIMAL(p, s); STRING if Flink has no such decimal</td></tr>
 * <tr><td>null</td><td>STRING that is always null: Flink's own rows have no place for its NULL</td></tr>
 * <tr><td>bytes</td><td>BYTES</td></tr>
 * <tr><td>date</td><td>DATE</td></tr>
 * <tr><td>time</td><td>BIGINT, microseconds since midnight: Flink's TIME has milliseconds</td></tr>
 * <tr><td>timestamp</td><td>TIMESTAMP(6)</td></tr>
 * <tr><td>timestamp_tz</td><td>TIMESTAMP_LTZ(6)</td></tr>
 * <tr><td>array, float_vector</td><td>ARRAY</td></tr>
 * <tr><td>map</td><td>MAP</td></tr>
 * <tr><td>row</td><td>ROW</td></tr>
 * </table>
 */
final class ColumnType {
    /** Of a timestamp: microseconds. */
    static final int MICROS = 6;

    enum Kind {
        STRING,
        BOOLEAN,
        TINYINT,
        SMALLINT,
        INT,
        BIGINT,
        FLOAT,
        DOUBLE,
        DECIMAL,
        NULL,
        BYTES,
        DATE,
        TIME,
        TIMESTAMP,
        TIMESTAMP_TZ,
        ARRAY,
        MAP,
        ROW,
        FLOAT_VECTOR,
    }

    final Kind kind;
    /** As users write it. */
    final String text;
    /** Of a decimal; of a vector its size is the precision. */
    final int precision;
    final int scale;
    /** Names of a row's fields. */
    final List<String> names = new ArrayList<>();
    /** What it is made of. */
    final List<ColumnType> parts = new ArrayList<>();

    private ColumnType(Kind kind, String text, int precision, int scale) {
        this.kind = kind;
        this.text = text;
        this.precision = precision;
        this.scale = scale;
    }

    /** Of what the native side says. */
    static ColumnType of(byte[] bytes) {
        List<byte[]> fields = Frames.unpack(bytes);
        Kind kind = Kind.valueOf(Frames.toText(fields.get(0)).toUpperCase(Locale.ROOT));
        String text = Frames.toText(fields.get(1));
        boolean isDecimal = kind == Kind.DECIMAL;
        boolean isSized = isDecimal || kind == Kind.FLOAT_VECTOR;
        ColumnType type = new ColumnType(
                kind,
                text,
                isSized ? Frames.toInt(fields.get(2)) : 0,
                isDecimal ? Frames.toInt(fields.get(3)) : 0);
        if (kind == Kind.FLOAT_VECTOR) {
            type.parts.add(new ColumnType(Kind.FLOAT, "float", 0, 0));
        } else if (!isSized) {
            for (int index = 2; index < fields.size(); index++) {
                if (kind == Kind.ROW) {
                    type.names.add(Frames.toText(fields.get(index)));
                    index++;
                }
                type.parts.add(of(fields.get(index)));
            }
        }
        return type;
    }

    /** Whether Flink has such a decimal. */
    boolean isFlinksDecimal() {
        return precision <= DecimalType.MAX_PRECISION && scale >= 0 && scale <= precision;
    }

    /** Whether Flink's type alone tells what it is, with all that is in it. */
    boolean isTold() {
        return kind != Kind.TIME
                && kind != Kind.NULL
                && kind != Kind.FLOAT_VECTOR
                && (kind != Kind.DECIMAL || isFlinksDecimal())
                && parts.stream().allMatch(ColumnType::isTold);
    }

    /** What it is in Flink. */
    LogicalType toFlink() {
        switch (kind) {
            case STRING:
            case NULL:
                return new VarCharType(VarCharType.MAX_LENGTH);
            case BOOLEAN:
                return new BooleanType();
            case TINYINT:
                return new TinyIntType();
            case SMALLINT:
                return new SmallIntType();
            case INT:
                return new IntType();
            case BIGINT:
            case TIME:
                return new BigIntType();
            case FLOAT:
                return new FloatType();
            case DOUBLE:
                return new DoubleType();
            case DECIMAL:
                return isFlinksDecimal()
                        ? new DecimalType(precision, scale)
                        : new VarCharType(VarCharType.MAX_LENGTH);
            case BYTES:
                return new VarBinaryType(VarBinaryType.MAX_LENGTH);
            case DATE:
                return new DateType();
            case TIMESTAMP:
                return new TimestampType(MICROS);
            case TIMESTAMP_TZ:
                return new LocalZonedTimestampType(MICROS);
            case ARRAY:
            case FLOAT_VECTOR:
                return new ArrayType(parts.get(0).toFlink());
            case MAP:
                return new MapType(parts.get(0).toFlink().copy(false), parts.get(1).toFlink());
            case ROW:
                List<RowType.RowField> fields = new ArrayList<>();
                for (int index = 0; index < names.size(); index++) {
                    fields.add(new RowType.RowField(names.get(index), parts.get(index).toFlink()));
                }
                return new RowType(fields);
            default:
                throw new IllegalStateException("a type " + text);
        }
    }
}
