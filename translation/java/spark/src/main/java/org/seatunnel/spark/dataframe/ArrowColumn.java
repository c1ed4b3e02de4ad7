package org.seatunnel.spark.dataframe;

import java.math.BigDecimal;
import java.math.BigInteger;

import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarArray;
import org.apache.spark.sql.vectorized.ColumnarMap;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * A column of Arrow's C data interface, read where it lies. Its owner frees it: what was read of it must be copied before.
 *
 * <p>Arrow's own library for Java is another in each version of Spark. What is needed of it is this.
 */
final class ArrowColumn extends ColumnVector {
    /** Size of the C struct of an array. */
    static final long STRUCT_BYTES = 80;

    private static final long NULL_COUNT = 8;
    private static final long OFFSET = 16;
    private static final long BUFFERS = 40;
    private static final long CHILDREN = 48;
    private static final int POINTER_BYTES = 8;
    private static final int DECIMAL_BYTES = 16;
    /** Decimals of so many digits fit into a long. */
    private static final int LONG_DIGITS = 18;

    private final long struct;
    /** Where the first row lies in the buffers. */
    private final long offset;
    /** Bits that say which rows are not null; 0 if all are not. */
    private final long validity;
    /** The buffer behind: values, or where longer ones start. */
    private final long values;
    /** Bytes of longer values. */
    private final long data;
    private final ArrowColumn[] children;

    /**
     * @param struct the address of the C struct
     * @param before rows that come before the first one: those of a struct that this is a field of
     */
    ArrowColumn(DataType type, long struct, long before) {
        super(type);
        this.struct = struct;
        offset = offset(struct) + before;
        boolean isNull = type instanceof NullType;
        validity = isNull ? 0 : buffer(0);
        boolean isStruct = type instanceof StructType;
        values = isNull || isStruct ? 0 : buffer(1);
        data = type instanceof StringType || type instanceof BinaryType ? buffer(2) : 0;
        children = children(type);
    }

    private ArrowColumn[] children(DataType type) {
        if (type instanceof StructType) {
            StructField[] fields = ((StructType) type).fields();
            ArrowColumn[] all = new ArrowColumn[fields.length];
            for (int index = 0; index < all.length; index++) {
                all[index] = new ArrowColumn(fields[index].dataType(), child(struct, index), offset);
            }
            return all;
        }
        if (type instanceof ArrayType) {
            return new ArrowColumn[] {new ArrowColumn(((ArrayType) type).elementType(), child(struct, 0), 0)};
        }
        if (type instanceof MapType) {
            MapType map = (MapType) type;
            long entries = child(struct, 0);
            long first = offset(entries);
            return new ArrowColumn[] {
                new ArrowColumn(map.keyType(), child(entries, 0), first),
                new ArrowColumn(map.valueType(), child(entries, 1), first)
            };
        }
        return new ArrowColumn[0];
    }

    /** The address of the struct of a child. */
    static long child(long struct, int index) {
        return Platform.getLong(null, Platform.getLong(null, struct + CHILDREN) + (long) index * POINTER_BYTES);
    }

    static long offset(long struct) {
        return Platform.getLong(null, struct + OFFSET);
    }

    private long buffer(int index) {
        return Platform.getLong(null, Platform.getLong(null, struct + BUFFERS) + (long) index * POINTER_BYTES);
    }

    @Override
    public void close() {
        // The native side owns it.
    }

    @Override
    public boolean hasNull() {
        return type instanceof NullType || validity != 0 && Platform.getLong(null, struct + NULL_COUNT) != 0;
    }

    @Override
    public int numNulls() {
        long counted = Platform.getLong(null, struct + NULL_COUNT);
        if (type instanceof NullType || counted >= 0 && offset == offset(struct)) {
            return (int) (type instanceof NullType ? Platform.getLong(null, struct) : counted);
        }
        int nulls = 0;
        long length = Platform.getLong(null, struct);
        for (int row = 0; row < length; row++) {
            nulls += isNullAt(row) ? 1 : 0;
        }
        return nulls;
    }

    @Override
    public boolean isNullAt(int row) {
        return type instanceof NullType || validity != 0 && !bit(validity, offset + row);
    }

    private static boolean bit(long bits, long index) {
        return (Platform.getByte(null, bits + (index >> 3)) >> (index & 7) & 1) != 0;
    }

    private long at(int row, int width) {
        return values + (offset + row) * width;
    }

    @Override
    public boolean getBoolean(int row) {
        return bit(values, offset + row);
    }

    @Override
    public byte getByte(int row) {
        return Platform.getByte(null, at(row, Byte.BYTES));
    }

    @Override
    public short getShort(int row) {
        return Platform.getShort(null, at(row, Short.BYTES));
    }

    @Override
    public int getInt(int row) {
        return Platform.getInt(null, at(row, Integer.BYTES));
    }

    @Override
    public long getLong(int row) {
        return Platform.getLong(null, at(row, Long.BYTES));
    }

    @Override
    public float getFloat(int row) {
        return Platform.getFloat(null, at(row, Float.BYTES));
    }

    @Override
    public double getDouble(int row) {
        return Platform.getDouble(null, at(row, Double.BYTES));
    }

    @Override
    public Decimal getDecimal(int row, int precision, int scale) {
        if (isNullAt(row)) {
            return null;
        }
        long address = at(row, DECIMAL_BYTES);
        if (precision <= LONG_DIGITS) {
            return Decimal.createUnsafe(Platform.getLong(null, address), precision, scale);
        }
        // Numbers lie there with their low bytes first.
        byte[] digits = new byte[DECIMAL_BYTES];
        for (int index = 0; index < DECIMAL_BYTES; index++) {
            digits[index] = Platform.getByte(null, address + DECIMAL_BYTES - 1 - index);
        }
        return Decimal.apply(new BigDecimal(new BigInteger(digits), scale), precision, scale);
    }

    private long start(int row) {
        return Platform.getInt(null, at(row, Integer.BYTES));
    }

    private int size(int row) {
        return (int) (Platform.getInt(null, at(row, Integer.BYTES) + Integer.BYTES) - start(row));
    }

    @Override
    public UTF8String getUTF8String(int row) {
        return isNullAt(row) ? null : UTF8String.fromAddress(null, data + start(row), size(row));
    }

    @Override
    public byte[] getBinary(int row) {
        if (isNullAt(row)) {
            return null;
        }
        byte[] bytes = new byte[size(row)];
        Platform.copyMemory(null, data + start(row), bytes, Platform.BYTE_ARRAY_OFFSET, bytes.length);
        return bytes;
    }

    @Override
    public ColumnarArray getArray(int row) {
        return isNullAt(row) ? null : new ColumnarArray(children[0], (int) start(row), size(row));
    }

    @Override
    public ColumnarMap getMap(int row) {
        return isNullAt(row) ? null : new ColumnarMap(children[0], children[1], (int) start(row), size(row));
    }

    @Override
    public ColumnVector getChild(int ordinal) {
        return children[ordinal];
    }
}
