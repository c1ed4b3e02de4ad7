package org.seatunnel.flink.rows;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.RowType;

/**
 * Gathers rows in the layout that the native side reads, each behind its size: that of Spark's rows, which
 * {@code translation/blocking/src/spark/unsafe_rows.rs} describes.
 */
final class RowEncoder {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.nativeOrder());
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final int WORD = 8;
    /** Decimals of so many digits stand in a word. */
    private static final int WORD_DIGITS = 18;

    private final Record record;
    private byte[] bytes = new byte[1 << 16];
    private int length;
    private int count;

    RowEncoder(RowType type) {
        record = new Record(type.getChildren());
    }

    int count() {
        return count;
    }

    int length() {
        return length;
    }

    /** What was gathered. It begins anew behind that. */
    byte[] take() {
        byte[] taken = Arrays.copyOf(bytes, length);
        length = 0;
        count = 0;
        return taken;
    }

    /** Adds a row and its kind. */
    void add(RowData row) {
        int size = length;
        length = size + WORD;
        int base = length;
        // One field more: the kind.
        int fields = record.types.length;
        int slots = open(fields + 1, WORD);
        record.fill(this, row, base, slots);
        longer(row.getRowKind().shortString().getBytes(StandardCharsets.US_ASCII), slots + fields * WORD, base);
        ensure(0);
        LONG.set(bytes, size, (long) (length - base));
        count++;
    }

    private void ensure(int more) {
        int needed = Math.addExact(length, more) + WORD;
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(needed, bytes.length + (bytes.length >> 1)));
        }
    }

    /** Makes room for so many values, all of them zero and not null, and says where the first is. */
    private int open(int values, int width) {
        int nulls = (values + 63) / 64 * WORD;
        int size = nulls + align(Math.multiplyExact(values, width));
        ensure(size);
        Arrays.fill(bytes, length, length + size, (byte) 0);
        int slots = length + nulls;
        length += size;
        return slots;
    }

    private static int align(int size) {
        return Math.addExact(size, WORD - 1) & -WORD;
    }

    private void setNull(int nulls, int index) {
        int word = nulls + index / 64 * WORD;
        LONG.set(bytes, word, (long) LONG.get(bytes, word) | 1L << (index % 64));
    }

    /** Puts a value behind all others, and where it is into its slot. */
    private void longer(byte[] value, int slot, int base) {
        place(slot, base, length, value.length);
        ensure(align(value.length));
        System.arraycopy(value, 0, bytes, length, value.length);
        Arrays.fill(bytes, length + value.length, length + align(value.length), (byte) 0);
        length += align(value.length);
    }

    private void place(int slot, int base, int at, int size) {
        LONG.set(bytes, slot, (long) (at - base) << 32 | size);
    }

    private void write(LogicalType type, Nested nested, Object value, int slot, int base) {
        switch (type.getTypeRoot()) {
            case BOOLEAN:
                bytes[slot] = (byte) ((Boolean) value ? 1 : 0);
                break;
            case TINYINT:
                bytes[slot] = (Byte) value;
                break;
            case SMALLINT:
                SHORT.set(bytes, slot, (short) value);
                break;
            case INTEGER:
            case DATE:
                INT.set(bytes, slot, (int) value);
                break;
            case FLOAT:
                INT.set(bytes, slot, Float.floatToRawIntBits((float) value));
                break;
            case BIGINT:
                LONG.set(bytes, slot, (long) value);
                break;
            case DOUBLE:
                LONG.set(bytes, slot, Double.doubleToRawLongBits((double) value));
                break;
            case TIME_WITHOUT_TIME_ZONE:
                LONG.set(bytes, slot, (int) value * 1000L);
                break;
            case TIMESTAMP_WITHOUT_TIME_ZONE:
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                TimestampData moment = (TimestampData) value;
                LONG.set(
                        bytes,
                        slot,
                        Math.addExact(
                                Math.multiplyExact(moment.getMillisecond(), 1000L), moment.getNanoOfMillisecond() / 1000));
                break;
            case DECIMAL:
                DecimalData decimal = (DecimalData) value;
                if (decimal.precision() <= WORD_DIGITS) {
                    LONG.set(bytes, slot, decimal.toUnscaledLong());
                } else {
                    longer(decimal.toUnscaledBytes(), slot, base);
                }
                break;
            case CHAR:
            case VARCHAR:
                longer(((StringData) value).toBytes(), slot, base);
                break;
            case BINARY:
            case VARBINARY:
                longer((byte[]) value, slot, base);
                break;
            default:
                int start = length;
                nested.write(this, value);
                place(slot, base, start, length - start);
        }
    }

    /** A value that is made of others. */
    private interface Nested {
        void write(RowEncoder out, Object value);
    }

    private static Nested nested(LogicalType type) {
        List<LogicalType> children = type.getChildren();
        switch (type.getTypeRoot()) {
            case ARRAY:
                Items items = new Items(children.get(0));
                return (out, value) -> items.write(out, (ArrayData) value);
            case MAP:
                Items keys = new Items(children.get(0));
                Items values = new Items(children.get(1));
                return (out, value) -> {
                    int size = out.length;
                    out.ensure(WORD);
                    out.length += WORD;
                    keys.write(out, ((MapData) value).keyArray());
                    LONG.set(out.bytes, size, (long) (out.length - size - WORD));
                    values.write(out, ((MapData) value).valueArray());
                };
            case ROW:
                Record record = new Record(children);
                return (out, value) -> {
                    int base = out.length;
                    record.fill(out, (RowData) value, base, out.open(record.types.length, WORD));
                };
            default:
                return null;
        }
    }

    /** The fields of a row. */
    private static final class Record {
        final LogicalType[] types;
        private final RowData.FieldGetter[] getters;
        private final Nested[] nested;

        Record(List<LogicalType> children) {
            types = children.toArray(new LogicalType[0]);
            getters = new RowData.FieldGetter[types.length];
            nested = new Nested[types.length];
            for (int index = 0; index < types.length; index++) {
                // Nulls are looked at here, whatever a type promises; Flink has no getters for nothing but nulls.
                getters[index] = types[index].is(LogicalTypeRoot.NULL)
                        ? row -> null
                        : RowData.createFieldGetter(types[index].copy(true), index);
                nested[index] = nested(types[index]);
            }
        }

        void fill(RowEncoder out, RowData row, int base, int slots) {
            for (int index = 0; index < types.length; index++) {
                Object value = getters[index].getFieldOrNull(row);
                if (value == null) {
                    out.setNull(base, index);
                } else {
                    out.write(types[index], nested[index], value, slots + index * WORD, base);
                }
            }
        }
    }

    /** The items of an array. */
    private static final class Items {
        private final LogicalType type;
        private final ArrayData.ElementGetter getter;
        private final Nested nested;
        private final int width;

        Items(LogicalType type) {
            this.type = type;
            getter = type.is(LogicalTypeRoot.NULL)
                    ? (array, index) -> null
                    : ArrayData.createElementGetter(type.copy(true));
            nested = RowEncoder.nested(type);
            width = width(type);
        }

        void write(RowEncoder out, ArrayData array) {
            int base = out.length;
            int size = array.size();
            out.ensure(WORD);
            LONG.set(out.bytes, base, (long) size);
            out.length += WORD;
            int slots = out.open(size, width);
            for (int index = 0; index < size; index++) {
                Object value = getter.getElementOrNull(array, index);
                if (value == null) {
                    out.setNull(base + WORD, index);
                } else {
                    out.write(type, nested, value, slots + index * width, base);
                }
            }
        }
    }

    /** Bytes that a value takes in an array. */
    private static int width(LogicalType type) {
        switch (type.getTypeRoot()) {
            case BOOLEAN:
            case TINYINT:
                return 1;
            case SMALLINT:
                return 2;
            case INTEGER:
            case FLOAT:
            case DATE:
                return 4;
            default:
                return WORD;
        }
    }
}
