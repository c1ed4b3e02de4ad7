package org.seatunnel.flink.rows;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.DayTimeIntervalType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.TimeType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.seatunnel.translation.ConnectorException;

/** Rows between connectors and a real Flink. Needs the native library, built for tests: see scripts/test.sh. */
class RowsTest {
    private static final int ROWS = 2_000;

    @BeforeAll
    static void needsTheLibrary() {
        assumeTrue(
                System.getProperty("seatunnel.native.path") != null,
                "no native library: give its path by -Dseatunnel.native.path");
    }

    private static String samples(long seed, boolean changes) {
        return "source { TypeSamples { rows = " + ROWS + ", seed = " + seed + ", changes = " + changes + " } }";
    }

    private static StreamExecutionEnvironment env() {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.setParallelism(2);
        env.enableCheckpointing(100);
        return env;
    }

    private static DataStream<RowData> read(StreamExecutionEnvironment env, SeaTunnelSource source) {
        return env.fromSource(source, WatermarkStrategy.noWatermarks(), "samples");
    }

    private static List<RowData> collect(SeaTunnelSource source) throws Exception {
        return read(env(), source).executeAndCollect(2 * ROWS);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void valuesOfAllTypesReachFlink(long seed) throws Exception {
        SeaTunnelSource source = SeaTunnelSource.of(samples(seed, false));
        RowType type = source.rowType();
        Set<Long> ids = new HashSet<>();
        for (RowData row : collect(source)) {
            ids.add(row.getLong(0));
            for (int column = 2; column < type.getFieldCount(); column += 2) {
                LogicalType own = type.getTypeAt(column);
                String sampled = source.types().get(type.getFieldNames().get(column));
                Object value = field(row, own, column);
                // Decimals that Flink does not have come as texts.
                String found = sampled != null && sampled.startsWith("decimal") && value != null
                        ? value.toString()
                        : canonical(own, value);
                assertEquals(row.getString(column + 1).toString(), found, type.getFields().get(column).toString());
            }
        }
        assertEquals(ROWS, ids.size());
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5, 6})
    void valuesOfAllTypesComeBackFromFlink(long seed) throws Exception {
        SeaTunnelSource source = SeaTunnelSource.of(samples(seed, false));
        SeaTunnelSink sink = SeaTunnelSink.of("sink { TypeCheck {} }", source.rowType()).types(source.types()).build();
        StreamExecutionEnvironment env = env();
        // Behind an exchange rows are Flink's own, and no columns of ours.
        read(env, source).rebalance().sinkTo(sink);
        env.execute();
    }

    @Test
    void columnsGoThroughAsTheyAre() throws Exception {
        SeaTunnelSource source = SeaTunnelSource.of(samples(7, false));
        SeaTunnelSink sink = SeaTunnelSink.of("sink { TypeCheck {} }", source.rowType()).types(source.types()).build();
        StreamExecutionEnvironment env = env();
        env.getConfig().enableObjectReuse();
        read(env, source).sinkTo(sink);
        env.execute();
    }

    @Test
    void kindsOfRowsGoBothWays() throws Exception {
        SeaTunnelSource source = SeaTunnelSource.of(samples(8, true));
        Set<String> kinds = new HashSet<>();
        for (RowData row : collect(source)) {
            assertEquals(row.getString(1).toString(), row.getRowKind().shortString());
            kinds.add(row.getRowKind().shortString());
        }
        assertEquals(4, kinds.size());
        SeaTunnelSink sink = SeaTunnelSink.of("sink { TypeCheck {} }", source.rowType()).types(source.types()).build();
        StreamExecutionEnvironment env = env();
        read(env, source).rebalance().sinkTo(sink);
        env.execute();
    }

    @Test
    void aValueThatWasChangedIsNoticed() {
        SeaTunnelSource source = SeaTunnelSource.of(samples(9, false));
        SeaTunnelSink sink = SeaTunnelSink.of("sink { TypeCheck {} }", source.rowType()).types(source.types()).build();
        RowType type = source.rowType();
        int changed = type.getFieldIndex("c4");
        StreamExecutionEnvironment env = env();
        read(env, source)
                .map(row -> {
                    GenericRowData other = new GenericRowData(row.getRowKind(), type.getFieldCount());
                    for (int field = 0; field < type.getFieldCount(); field++) {
                        other.setField(field, field(row, type.getTypeAt(field), field));
                    }
                    other.setField(changed, 5L);
                    return (RowData) other;
                })
                .returns(InternalTypeInfo.of(type))
                .sinkTo(sink);
        String failure = stack(assertThrows(Exception.class, env::execute));
        assertTrue(failure.contains("c4, bigint, is 5 and was"), failure);
    }

    @Test
    void rowsAreVisibleWhenTheyAreCommitted(@TempDir Path folder) throws Exception {
        SeaTunnelSource source = SeaTunnelSource.of(
                "source { FakeSource { row.num = 500, split.num = 4, schema { fields { id = bigint, name = string } } } }");
        String config = "sink { LocalFile { path = \"" + folder.resolve("out") + "\", tmp_path = \"" + folder.resolve("tmp")
                + "\", file_format_type = json } }";
        SeaTunnelSink sink = SeaTunnelSink.of(config, source.rowType()).build();
        sink.begin();
        StreamExecutionEnvironment env = env();
        read(env, source).sinkTo(sink);
        env.execute();
        int lines = 0;
        try (var files = Files.walk(folder.resolve("out"))) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                lines += Files.readAllLines(file).size();
            }
        }
        assertEquals(1000, lines);
    }

    @Test
    void typesOnlyFlinkHasAreNamedWithTheirColumn() {
        RowType time = RowType.of(new LogicalType[] {new TimeType(3)}, new String[] {"at"});
        assertTrue(RowSchema.json(time, Collections.emptyMap()).contains("\"seatunnel.type\":\"time\""));
        RowType interval = RowType.of(
                new LogicalType[] {new DayTimeIntervalType(DayTimeIntervalType.DayTimeResolution.DAY)},
                new String[] {"i"});
        ConnectorException error =
                assertThrows(ConnectorException.class, () -> SeaTunnelSink.of("sink { Console {} }", interval).build());
        assertTrue(error.getMessage().contains("column i") && error.getMessage().contains("cast"), error.getMessage());
    }

    @Test
    void mistakesAreSaidOnce() {
        RowType row = RowType.of(new BigIntType());
        String both = assertThrows(
                        ConnectorException.class,
                        () -> SeaTunnelSink.of("source { FakeSource {} }\nsink { Console {} }", row).build())
                .getMessage();
        assertTrue(both.contains("take the `source` block out"), both);
        String two = "source {\n FakeSource { plugin_output = a, schema { fields { a = int } } }\n"
                + " FakeSource { plugin_output = b, schema { fields { a = int } } }\n}";
        String several = assertThrows(ConnectorException.class, () -> SeaTunnelSource.of(two)).getMessage();
        assertTrue(several.contains("which rows it takes"), several);
    }

    private static String stack(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (Throwable next = failure; next != null; next = next.getCause()) {
            text.append(next).append('\n');
        }
        return text.toString();
    }

    /** What a value is as text, as the native side writes it: see {@code samples/values.rs}. */
    private static String canonical(LogicalType type, Object value) {
        if (value == null) {
            return "null";
        }
        switch (type.getTypeRoot()) {
            case FLOAT:
                float single = (float) value;
                return Float.isNaN(single) ? "NaN" : Integer.toHexString(Float.floatToRawIntBits(single));
            case DOUBLE:
                double number = (double) value;
                return Double.isNaN(number) ? "NaN" : Long.toHexString(Double.doubleToRawLongBits(number));
            case DECIMAL:
                return ((DecimalData) value).toBigDecimal().toPlainString();
            case CHAR:
            case VARCHAR:
                return "'" + (StringData) value + "'";
            case BINARY:
            case VARBINARY:
                StringBuilder hex = new StringBuilder();
                for (byte each : (byte[]) value) {
                    hex.append(String.format("%02x", each));
                }
                return hex.toString();
            case TIMESTAMP_WITHOUT_TIME_ZONE:
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                TimestampData moment = (TimestampData) value;
                return Long.toString(moment.getMillisecond() * 1000 + moment.getNanoOfMillisecond() / 1000);
            case ARRAY:
                return "[" + String.join(";", items(type.getChildren().get(0), (ArrayData) value)) + "]";
            case MAP:
                List<String> keys = items(type.getChildren().get(0), ((MapData) value).keyArray());
                List<String> values = items(type.getChildren().get(1), ((MapData) value).valueArray());
                List<String> entries = new ArrayList<>();
                for (int index = 0; index < keys.size(); index++) {
                    entries.add(keys.get(index) + ":" + values.get(index));
                }
                Collections.sort(entries);
                return "{" + String.join(";", entries) + "}";
            case ROW:
                List<String> fields = new ArrayList<>();
                for (int index = 0; index < type.getChildren().size(); index++) {
                    LogicalType field = type.getChildren().get(index);
                    fields.add(canonical(field, field((RowData) value, field, index)));
                }
                return "(" + String.join(";", fields) + ")";
            default:
                return value.toString();
        }
    }

    /** Flink has no getters for what is nothing but null. */
    private static Object field(RowData row, LogicalType type, int index) {
        return type.is(LogicalTypeRoot.NULL) ? null : RowData.createFieldGetter(type, index).getFieldOrNull(row);
    }

    private static List<String> items(LogicalType type, ArrayData array) {
        List<String> items = new ArrayList<>();
        ArrayData.ElementGetter getter = ArrayData.createElementGetter(type.copy(true));
        for (int index = 0; index < array.size(); index++) {
            items.add(canonical(type, getter.getElementOrNull(array, index)));
        }
        return items;
    }
}
