package org.seatunnel.flink.rows;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;

import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.columnar.ColumnarArrayData;
import org.apache.flink.table.data.columnar.ColumnarMapData;
import org.apache.flink.table.data.columnar.ColumnarRowData;
import org.apache.flink.table.data.columnar.vector.ArrayColumnVector;
import org.apache.flink.table.data.columnar.vector.BooleanColumnVector;
import org.apache.flink.table.data.columnar.vector.ByteColumnVector;
import org.apache.flink.table.data.columnar.vector.BytesColumnVector;
import org.apache.flink.table.data.columnar.vector.ColumnVector;
import org.apache.flink.table.data.columnar.vector.DecimalColumnVector;
import org.apache.flink.table.data.columnar.vector.DoubleColumnVector;
import org.apache.flink.table.data.columnar.vector.FloatColumnVector;
import org.apache.flink.table.data.columnar.vector.IntColumnVector;
import org.apache.flink.table.data.columnar.vector.LongColumnVector;
import org.apache.flink.table.data.columnar.vector.MapColumnVector;
import org.apache.flink.table.data.columnar.vector.RowColumnVector;
import org.apache.flink.table.data.columnar.vector.ShortColumnVector;
import org.apache.flink.table.data.columnar.vector.TimestampColumnVector;
import org.apache.flink.table.data.columnar.vector.VectorizedColumnBatch;

/** Columns of Arrow as Flink's: one class for each layout. Nothing is copied until a value is asked for. */
final class Vectors {
    private static final int DECIMAL128 = 16;
    private static final int DECIMAL256 = 32;
    /** Digits that 128 bits hold: Arrow's limit. */
    private static final int DECIMAL128_DIGITS = 38;
    private static final long MICROS_A_MILLI = 1000;

    private Vectors() {}

    /** The next column of a batch. */
    static ColumnVector read(RecordBatch batch, ColumnType type) {
        if (type.kind == ColumnType.Kind.NULL) {
            batch.nextNode();
            return row -> true;
        }
        byte[] bytes = batch.bytes();
        long nulls = batch.nextNode();
        int validity = batch.nextBuffer();
        Column column = new Column(bytes, nulls == 0 ? -1 : validity);
        switch (type.kind) {
            case BOOLEAN:
                return new Booleans(column, batch.nextBuffer());
            case TINYINT:
                return new Bytes(column, batch.nextBuffer());
            case SMALLINT:
                return new Shorts(column, batch.nextBuffer());
            case INT:
            case DATE:
                return new Ints(column, batch.nextBuffer());
            case BIGINT:
            case TIME:
                return new Longs(column, batch.nextBuffer());
            case FLOAT:
                return new Floats(column, batch.nextBuffer());
            case DOUBLE:
                return new Doubles(column, batch.nextBuffer());
            case DECIMAL:
                int width = type.precision <= DECIMAL128_DIGITS ? DECIMAL128 : DECIMAL256;
                Decimals decimals = new Decimals(column, batch.nextBuffer(), width, type.scale);
                return type.isFlinksDecimal() ? decimals : new DecimalTexts(decimals);
            case TIMESTAMP:
            case TIMESTAMP_TZ:
                return new Timestamps(column, batch.nextBuffer());
            case STRING:
            case BYTES:
                int offsets = batch.nextBuffer();
                return new Longer(column, offsets, batch.nextBuffer());
            case ARRAY:
                int starts = batch.nextBuffer();
                return new Arrays(column, starts, 0, read(batch, type.parts.get(0)));
            case FLOAT_VECTOR:
                return new Arrays(column, -1, type.precision, read(batch, type.parts.get(0)));
            case MAP:
                return map(batch, type, column);
            case ROW:
                ColumnVector[] fields = new ColumnVector[type.parts.size()];
                for (int index = 0; index < fields.length; index++) {
                    fields[index] = read(batch, type.parts.get(index));
                }
                return new Rows(column, new VectorizedColumnBatch(fields));
            default:
                throw new IllegalStateException("a column of type " + type.text);
        }
    }

    private static ColumnVector map(RecordBatch batch, ColumnType type, Column column) {
        int starts = batch.nextBuffer();
        // The entries: a struct without nulls.
        batch.nextNode();
        batch.nextBuffer();
        ColumnVector keys = read(batch, type.parts.get(0));
        return new Maps(column, starts, keys, read(batch, type.parts.get(1)));
    }

    /** Where a column lies, and which of its values are null. */
    private static class Column implements ColumnVector {
        final byte[] bytes;
        private final int validity;

        Column(byte[] bytes, int validity) {
            this.bytes = bytes;
            this.validity = validity;
        }

        Column(Column other) {
            this(other.bytes, other.validity);
        }

        @Override
        public boolean isNullAt(int row) {
            return validity >= 0 && !bit(validity, row);
        }

        boolean bit(int bits, int index) {
            return (bytes[bits + (index >> 3)] >> (index & 7) & 1) != 0;
        }

        int getInt(int values, int index) {
            return (int) RecordBatch.INT.get(bytes, values + 4 * index);
        }

        long getLong(int values, int index) {
            return (long) RecordBatch.LONG.get(bytes, values + 8 * index);
        }
    }

    private static final class Booleans extends Column implements BooleanColumnVector {
        private final int values;

        Booleans(Column column, int values) {
            super(column);
            this.values = values;
        }

        @Override
        public boolean getBoolean(int row) {
            return bit(values, row);
        }
    }

    private static final class Bytes extends Column implements ByteColumnVector {
        private final int values;

        Bytes(Column column, int values) {
            super(column);
            this.values = values;
        }

        @Override
        public byte getByte(int row) {
            return bytes[values + row];
        }
    }

    private static final class Shorts extends Column implements ShortColumnVector {
        private final int values;

        Shorts(Column column, int values) {
            super(column);
            this.values = values;
        }

        @Override
        public short getShort(int row) {
            return (short) RecordBatch.SHORT.get(bytes, values + 2 * row);
        }
    }

    private static final class Ints extends Column implements IntColumnVector {
        private final int values;

        Ints(Column column, int values) {
            super(column);
            this.values = values;
        }

        @Override
        public int getInt(int row) {
            return getInt(values, row);
        }
    }

    private static final class Longs extends Column implements LongColumnVector {
        private final int values;

        Longs(Column column, int values) {
            super(column);
            this.values = values;
        }

        @Override
        public long getLong(int row) {
            return getLong(values, row);
        }
    }

    private static final class Floats extends Column implements FloatColumnVector {
        private final int values;

        Floats(Column column, int values) {
            super(column);
            this.values = values;
        }

        @Override
        public float getFloat(int row) {
            return Float.intBitsToFloat(getInt(values, row));
        }
    }

    private static final class Doubles extends Column implements DoubleColumnVector {
        private final int values;

        Doubles(Column column, int values) {
            super(column);
            this.values = values;
        }

        @Override
        public double getDouble(int row) {
            return Double.longBitsToDouble(getLong(values, row));
        }
    }

    private static final class Timestamps extends Column implements TimestampColumnVector {
        private final int values;

        Timestamps(Column column, int values) {
            super(column);
            this.values = values;
        }

        @Override
        public TimestampData getTimestamp(int row, int precision) {
            long micros = getLong(values, row);
            int nanos = (int) Math.floorMod(micros, MICROS_A_MILLI) * 1000;
            return TimestampData.fromEpochMillis(Math.floorDiv(micros, MICROS_A_MILLI), nanos);
        }
    }

    private static final class Decimals extends Column implements DecimalColumnVector {
        private final int values;
        private final int width;
        private final int scale;

        Decimals(Column column, int values, int width, int scale) {
            super(column);
            this.values = values;
            this.width = width;
            this.scale = scale;
        }

        @Override
        public DecimalData getDecimal(int row, int precision, int scale) {
            if (precision <= 18) {
                return DecimalData.fromUnscaledLong(
                        (long) RecordBatch.LONG.get(bytes, values + width * row), precision, scale);
            }
            return DecimalData.fromBigDecimal(number(row), precision, scale);
        }

        BigDecimal number(int row) {
            // Numbers lie there with their low bytes first.
            byte[] digits = new byte[width];
            for (int index = 0; index < width; index++) {
                digits[index] = bytes[values + width * row + width - 1 - index];
            }
            return new BigDecimal(new BigInteger(digits), scale);
        }
    }

    /** Decimals that Flink does not have. */
    private static final class DecimalTexts extends Column implements BytesColumnVector {
        private final Decimals decimals;

        DecimalTexts(Decimals decimals) {
            super(decimals);
            this.decimals = decimals;
        }

        @Override
        public Bytes getBytes(int row) {
            byte[] text = decimals.number(row).toPlainString().getBytes(StandardCharsets.US_ASCII);
            return new Bytes(text, 0, text.length);
        }
    }

    /** Texts and bytes. */
    private static final class Longer extends Column implements BytesColumnVector {
        private final int offsets;
        private final int data;

        Longer(Column column, int offsets, int data) {
            super(column);
            this.offsets = offsets;
            this.data = data;
        }

        @Override
        public Bytes getBytes(int row) {
            int start = getInt(offsets, row);
            int length = getInt(offsets, row + 1) - start;
            return length == 0 ? new Bytes(bytes, 0, 0) : new Bytes(bytes, data + start, length);
        }
    }

    private static final class Arrays extends Column implements ArrayColumnVector {
        private final int offsets;
        private final int size;
        private final ColumnVector items;

        /** @param size how many items each has, if there are no offsets */
        Arrays(Column column, int offsets, int size, ColumnVector items) {
            super(column);
            this.offsets = offsets;
            this.size = size;
            this.items = items;
        }

        @Override
        public ArrayData getArray(int row) {
            if (offsets < 0) {
                return new ColumnarArrayData(items, size * row, size);
            }
            int start = getInt(offsets, row);
            return new ColumnarArrayData(items, start, getInt(offsets, row + 1) - start);
        }
    }

    private static final class Maps extends Column implements MapColumnVector {
        private final int offsets;
        private final ColumnVector keys;
        private final ColumnVector values;

        Maps(Column column, int offsets, ColumnVector keys, ColumnVector values) {
            super(column);
            this.offsets = offsets;
            this.keys = keys;
            this.values = values;
        }

        @Override
        public MapData getMap(int row) {
            int start = getInt(offsets, row);
            return new ColumnarMapData(keys, values, start, getInt(offsets, row + 1) - start);
        }
    }

    private static final class Rows extends Column implements RowColumnVector {
        private final VectorizedColumnBatch fields;

        Rows(Column column, VectorizedColumnBatch fields) {
            super(column);
            this.fields = fields;
        }

        @Override
        public ColumnarRowData getRow(int row) {
            return new ColumnarRowData(fields, row);
        }
    }
}
