package org.seatunnel.flink.rows;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.columnar.ColumnarRowData;
import org.apache.flink.table.data.columnar.vector.ColumnVector;
import org.apache.flink.table.data.columnar.vector.VectorizedColumnBatch;
import org.apache.flink.types.RowKind;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Element;

/**
 * The rows of an {@link Element}, read where they lie: columns behind the metadata of a record batch in Arrow's IPC format,
 * without a schema, since that is known. How an element is laid out stands in {@code translation/blocking/src/element.rs}, and
 * Arrow's part in its "Columnar Format" and in the encoding of FlatBuffers.
 */
final class RecordBatch {
    static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int HEAD = 56;
    private static final byte KIND_OF_EACH = 4;
    /** Fields of a message and of a record batch, by their numbers in Arrow's Message.fbs. */
    private static final int MESSAGE_HEADER = 2;
    private static final int BATCH_NODES = 1;
    private static final int BATCH_BUFFERS = 2;
    private static final int BATCH_COMPRESSION = 3;
    /** Two numbers of 8 bytes: length and nulls of a node, place and length of a buffer. */
    private static final int PAIR = 16;

    private final byte[] bytes;
    private final int rows;
    /** Where the kind of all rows is, or those of each begin. */
    private final int kinds;
    private final boolean isKindOfEach;
    private final int nodes;
    private final int buffers;
    private final int nodeCount;
    private final int bufferCount;
    private final int data;
    private int nextNode;
    private int nextBuffer;
    private final VectorizedColumnBatch columns;

    RecordBatch(byte[] element, List<ColumnType> types) {
        bytes = element;
        rows = Element.rows(element);
        isKindOfEach = element[HEAD] == KIND_OF_EACH;
        kinds = isKindOfEach ? HEAD + 1 : HEAD;
        int at = align(isKindOfEach ? kinds + rows : kinds + 1);
        int length = ByteBuffer.wrap(element).getInt(at);
        int message = at + 8;
        data = align(message + length);
        int root = message + getInt(message);
        int batch = reference(root, MESSAGE_HEADER);
        if (batch == 0 || field(batch, BATCH_COMPRESSION) != 0) {
            throw damaged();
        }
        int nodeVector = reference(batch, BATCH_NODES);
        int bufferVector = reference(batch, BATCH_BUFFERS);
        nodeCount = nodeVector == 0 ? 0 : getInt(nodeVector);
        bufferCount = bufferVector == 0 ? 0 : getInt(bufferVector);
        nodes = nodeVector + 4;
        buffers = bufferVector + 4;
        ColumnVector[] vectors = new ColumnVector[types.size()];
        for (int index = 0; index < vectors.length; index++) {
            vectors[index] = Vectors.read(this, types.get(index));
        }
        columns = new VectorizedColumnBatch(vectors);
        columns.setNumRows(rows);
    }

    private static int align(int at) {
        return (at + 7) & ~7;
    }

    private int getInt(int at) {
        return (int) INT.get(bytes, at);
    }

    /** Where a field of a table is; 0 if it is not there. */
    private int field(int table, int number) {
        int vtable = table - getInt(table);
        int entry = 4 + 2 * number;
        if (entry >= Short.toUnsignedInt((short) SHORT.get(bytes, vtable))) {
            return 0;
        }
        int offset = Short.toUnsignedInt((short) SHORT.get(bytes, vtable + entry));
        return offset == 0 ? 0 : table + offset;
    }

    /** Where what a field refers to is; 0 if it is not there. */
    private int reference(int table, int number) {
        int at = field(table, number);
        return at == 0 ? 0 : at + getInt(at);
    }

    /** The bytes that columns lie in. */
    byte[] bytes() {
        return bytes;
    }

    /** Goes to the next column, nested ones included, and says how many of its values are null. */
    long nextNode() {
        if (nextNode >= nodeCount) {
            throw damaged();
        }
        return (long) LONG.get(bytes, nodes + PAIR * nextNode++ + 8);
    }

    /** Where the next buffer of the column begins, or -1 if it is empty. */
    int nextBuffer() {
        if (nextBuffer >= bufferCount) {
            throw damaged();
        }
        int at = buffers + PAIR * nextBuffer++;
        long length = (long) LONG.get(bytes, at + 8);
        return length == 0 ? -1 : Math.toIntExact(data + (long) LONG.get(bytes, at));
    }

    int rows() {
        return rows;
    }

    /** A row; it may be kept. */
    RowData row(int index) {
        ColumnarRowData row = new ColumnarRowData(columns, index);
        byte kind = bytes[isKindOfEach ? kinds + index : kinds];
        if (kind != 0) {
            row.setRowKind(RowKind.fromByteValue(kind));
        }
        return row;
    }

    private static ConnectorException damaged() {
        return new ConnectorException("TRANSLATION-01", "rows as bytes are damaged", false);
    }
}
