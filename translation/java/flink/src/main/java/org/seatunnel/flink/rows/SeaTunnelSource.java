package org.seatunnel.flink.rows;

import java.util.List;
import java.util.Map;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.RowType;
import org.seatunnel.flink.ElementEnumerator;
import org.seatunnel.flink.ElementReader;
import org.seatunnel.flink.ElementSplit;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Element;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/**
 * A source of SeaTunnel for programs that look at its rows: Flink SQL, or operators of a DataStream.
 *
 * <pre>{@code
 * SeaTunnelSource source = SeaTunnelSource.of("source { Kafka { topic = orders, ... } }");
 * DataStream<RowData> orders = env.fromSource(source, WatermarkStrategy.noWatermarks(), "orders");
 * }</pre>
 *
 * <p>The text is that of a job file with one source, transforms if need be, and no sink. Rows have their kind. They may be
 * kept: nothing is written over. What Flink's types are is said at {@link #rowType}.
 */
public final class SeaTunnelSource implements Source<RowData, ElementSplit, byte[]>, ResultTypeQueryable<RowData> {
    private static final long serialVersionUID = 1L;

    private final byte[] payload;
    private final int node;
    private final String name;
    private final boolean isBounded;
    private final int sink;
    /** What the native side says of the sink's tables. */
    private final byte[] tables;
    private final int table;

    private SeaTunnelSource(byte[] payload, String tableName) {
        this.payload = payload;
        try (OpenHandles handles = new OpenHandles()) {
            long job = handles.add(Native.jobOpen(payload));
            JobDescription description = JobDescription.of(job);
            if (description.sources.size() != 1) {
                throw new ConnectorException(
                        "TRANSLATION-03",
                        "the job has " + description.sources.size() + " sources, and a source of Flink is one\n"
                                + "  = help: make a SeaTunnelSource of each, and unite their streams",
                        false);
            }
            JobDescription.SourceNode source = description.sources.get(0);
            node = source.node;
            name = source.name;
            isBounded = source.isBounded;
            sink = source.sinks.get(0);
            tables = Native.sinkTables(job, sink);
        }
        table = position(TableColumns.of(tables), tableName);
    }

    /** The source of a job file's text. */
    public static SeaTunnelSource of(String config) {
        return of(config, null);
    }

    /**
     * The source of a job file's text, for the rows of one of its tables; those of others are passed over.
     *
     * @param table the table's path, or null if there is only one
     */
    public static SeaTunnelSource of(String config, String table) {
        return new SeaTunnelSource(Native.jobToRead(Frames.ofText(config), false, null, Native.UNKNOWN), table);
    }

    private static int position(List<TableColumns> tables, String name) {
        if (name == null && tables.size() == 1) {
            return 0;
        }
        StringBuilder names = new StringBuilder();
        for (int index = 0; index < tables.size(); index++) {
            String path = tables.get(index).path;
            if (path.equals(name)) {
                return index;
            }
            names.append(index == 0 ? "" : ", ").append(path);
        }
        String problem = name == null ? "the source brings several tables" : "the source brings no table " + name;
        throw new ConnectorException(
                "TRANSLATION-03", problem + "\n  = help: name one of them: " + names, false);
    }

    private TableColumns columns() {
        return TableColumns.of(tables).get(table);
    }

    /** What its rows are. */
    public RowType rowType() {
        return columns().toFlink();
    }

    /**
     * Types of columns that Flink has no types for, as SeaTunnel writes them: a `time` is a BIGINT of microseconds in Flink, a
     * decimal of more than 38 digits a STRING, and so is what is nothing but null. {@link SeaTunnelSink.Builder#types} takes them.
     */
    public Map<String, String> types() {
        return columns().untold();
    }

    @Override
    public Boundedness getBoundedness() {
        return isBounded ? Boundedness.BOUNDED : Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SplitEnumerator<ElementSplit, byte[]> createEnumerator(SplitEnumeratorContext<ElementSplit> context) {
        return new ElementEnumerator(payload, node, name, false, context, null);
    }

    @Override
    public SplitEnumerator<ElementSplit, byte[]> restoreEnumerator(
            SplitEnumeratorContext<ElementSplit> context, byte[] state) {
        return new ElementEnumerator(payload, node, name, false, context, state);
    }

    @Override
    public SourceReader<RowData, ElementSplit> createReader(SourceReaderContext context) {
        List<ColumnType> types = columns().types;
        return new ElementReader<>(payload, node, context, (element, output) -> emit(element, types, output));
    }

    private void emit(byte[] element, List<ColumnType> types, ReaderOutput<RowData> output) {
        if (Element.sink(element) != sink || Element.table(element) != table) {
            return;
        }
        RecordBatch batch = new RecordBatch(element, types);
        for (int row = 0; row < batch.rows(); row++) {
            output.collect(batch.row(row));
        }
    }

    @Override
    public SimpleVersionedSerializer<ElementSplit> getSplitSerializer() {
        return new ElementSplit.Serializer();
    }

    @Override
    public SimpleVersionedSerializer<byte[]> getEnumeratorCheckpointSerializer() {
        return new ElementSplit.StateSerializer();
    }

    @Override
    public TypeInformation<RowData> getProducedType() {
        return InternalTypeInfo.of(rowType());
    }
}
