package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarArray;
import org.apache.spark.sql.vectorized.ColumnarMap;
import org.apache.spark.unsafe.types.UTF8String;

/** What rows do to their table, as text: a column of numbers on the native side. */
final class RowKindColumn extends ColumnVector {
    private static final UTF8String[] NAMES = {
        UTF8String.fromString("+I"),
        UTF8String.fromString("-U"),
        UTF8String.fromString("+U"),
        UTF8String.fromString("-D")
    };

    private final ArrowColumn numbers;

    RowKindColumn(long struct) {
        super(DataTypes.StringType);
        numbers = new ArrowColumn(DataTypes.ByteType, struct, 0);
    }

    @Override
    public UTF8String getUTF8String(int row) {
        return NAMES[numbers.getByte(row)];
    }

    @Override
    public void close() {
        numbers.close();
    }

    @Override
    public boolean hasNull() {
        return false;
    }

    @Override
    public int numNulls() {
        return 0;
    }

    @Override
    public boolean isNullAt(int row) {
        return false;
    }

    @Override
    public byte[] getBinary(int row) {
        return getUTF8String(row).getBytes();
    }

    @Override
    public boolean getBoolean(int row) {
        throw isText();
    }

    @Override
    public byte getByte(int row) {
        throw isText();
    }

    @Override
    public short getShort(int row) {
        throw isText();
    }

    @Override
    public int getInt(int row) {
        throw isText();
    }

    @Override
    public long getLong(int row) {
        throw isText();
    }

    @Override
    public float getFloat(int row) {
        throw isText();
    }

    @Override
    public double getDouble(int row) {
        throw isText();
    }

    @Override
    public Decimal getDecimal(int row, int precision, int scale) {
        throw isText();
    }

    @Override
    public ColumnarArray getArray(int row) {
        throw isText();
    }

    @Override
    public ColumnarMap getMap(int row) {
        throw isText();
    }

    @Override
    public ColumnVector getChild(int ordinal) {
        throw isText();
    }

    private static UnsupportedOperationException isText() {
        return new UnsupportedOperationException("the kind of a row is a text");
    }
}
