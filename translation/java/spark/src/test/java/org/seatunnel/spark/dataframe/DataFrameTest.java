package org.seatunnel.spark.dataframe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructField;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.seatunnel.translation.Native;

/** Rows between connectors and a real Spark. Needs the native library, built for tests: see scripts/test.sh. */
class DataFrameTest {
    private static final int ROWS = 2_000;
    private static final String CHECK = "sink { TypeCheck {} }";

    private static SparkSession spark;

    @BeforeAll
    static void start() {
        assumeTrue(
                System.getProperty("seatunnel.native.path") != null,
                "no native library: give its path by -Dseatunnel.native.path");
        spark = SparkSession.builder()
                .master("local[2]")
                .appName("test")
                .config("spark.ui.enabled", false)
                .config("spark.sql.datetime.java8API.enabled", true)
                .config("spark.sql.session.timeZone", "America/New_York")
                .config("spark.sql.shuffle.partitions", 2)
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        if (spark != null) {
            spark.stop();
        }
    }

    private static Dataset<Row> read(String config) {
        return spark.read().format("seatunnel").option("config.text", config).load();
    }

    private static void write(Dataset<Row> rows, String config) {
        rows.write().format("seatunnel").option("config.text", config).mode("append").save();
    }

    private static String samples(long seed, boolean changes) {
        return "env { parallelism = 2 }\nsource { TypeSamples { rows = " + ROWS + ", seed = " + seed + ", changes = " + changes
                + " } }";
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void valuesOfAllTypesReachSpark(long seed) {
        Dataset<Row> samples = read(samples(seed, false));
        StructField[] fields = samples.schema().fields();
        Set<Long> ids = new HashSet<>();
        for (Row row : samples.collectAsList()) {
            ids.add(row.getAs("id"));
            for (int column = 2; column < fields.length; column += 2) {
                String found = Canonical.of(row.get(column), fields[column]);
                assertEquals(row.getString(column + 1), found, fields[column] + " of row " + row.get(0));
            }
        }
        assertEquals(ROWS, ids.size());
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5, 6})
    void valuesOfAllTypesComeBackFromSpark(long seed) {
        // Behind a shuffle rows are Spark's own, and no columns of ours.
        write(read(samples(seed, false)).repartition(3), CHECK);
    }

    @Test
    void aValueThatWasChangedIsNoticed() {
        Dataset<Row> samples = read(samples(7, false)).withColumn("c4", org.apache.spark.sql.functions.lit(5L));
        Exception failure = assertThrows(Exception.class, () -> write(samples, CHECK));
        assertTrue(stack(failure).contains("c4, bigint, is 5 and was"), stack(failure));
    }

    @Test
    void kindsOfRowsGoBothWays() {
        Dataset<Row> samples = read(samples(8, true));
        Dataset<Row> kinds = samples.select("__row_kind", "kind_text");
        assertEquals(4, kinds.distinct().count());
        assertEquals(0, kinds.where("__row_kind <> kind_text").count());
        write(samples.select("*", "__row_kind"), CHECK);
    }

    @Test
    void changesWhoseKindNobodyAsksForAreRefused() {
        Exception failure = assertThrows(Exception.class, () -> read(samples(9, true)).collectAsList());
        assertTrue(stack(failure).contains("select the column __row_kind too"), stack(failure));
    }

    @Test
    void onlyTheColumnsThatAreNeededAreLookedAt() {
        Dataset<Row> samples = read(samples(10, false));
        assertEquals(ROWS, samples.count());
        Row row = samples.selectExpr("sum(id)", "count(c33.a)", "max(length(c13))").first();
        assertEquals((long) ROWS * (ROWS - 1) / 2, row.getLong(0));
        assertTrue(row.getLong(1) > 0 && row.getInt(2) > 0, row.toString());
    }

    @Test
    void transformsRunOnTheWay(@TempDir Path folder) throws Exception {
        String source = "source { FakeSource { row.num = 5, plugin_output = a, schema { fields { id = bigint, name = string } } } }"
                + "\ntransform { Filter { plugin_input = a, include_fields = [name] } }";
        assertEquals(List.of("name"), List.of(read(source).columns()));
        String sink = "transform { FieldMapper { plugin_input = dataframe, field_mapper { id = number } } }"
                + "\nsink { LocalFile { path = \"" + folder.resolve("out") + "\", tmp_path = \"" + folder.resolve("tmp")
                + "\", file_format_type = json } }";
        write(spark.range(100).toDF(), sink);
        Set<String> lines = new HashSet<>();
        try (var files = Files.walk(folder.resolve("out"))) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                lines.addAll(Files.readAllLines(file));
            }
        }
        assertEquals(100, lines.size());
        assertTrue(lines.contains("{\"number\":99}"), lines.toString());
    }

    @Test
    void aTaskThatFailsLeavesNothingBehind(@TempDir Path folder) throws Exception {
        String sink = "sink { LocalFile { path = \"" + folder.resolve("out") + "\", tmp_path = \"" + folder.resolve("tmp")
                + "\", file_format_type = json } }";
        Dataset<Row> bad = spark.range(0, 20_000, 1, 2).selectExpr("if(id = 19999, raise_error('stop here'), id) as id");
        Exception failure = assertThrows(Exception.class, () -> write(bad, sink));
        assertTrue(stack(failure).contains("stop here"), stack(failure));
        try (var files = Files.walk(folder)) {
            List<Path> left = files.filter(Files::isRegularFile).collect(Collectors.toList());
            assertEquals(List.of(), left);
        }
    }

    @Test
    void mistakesAreSaidOnce() {
        String both = stack(assertThrows(Exception.class, () -> read("source { FakeSource {} }\nsink { Console {} }")));
        assertTrue(both.contains("take the `sink` block out"), both);
        String none = stack(assertThrows(Exception.class, () -> spark.read().format("seatunnel").load()));
        assertTrue(none.contains("give the option `config`"), none);
        String streaming = "env { job.mode = STREAMING }\nsource { FakeSource { schema { fields { a = int } } } }";
        String mode = stack(assertThrows(Exception.class, () -> read(streaming).count()));
        assertTrue(mode.contains("readStream"), mode);
        Dataset<Row> interval = spark.sql("select interval 1 day as i");
        String type = stack(assertThrows(Exception.class, () -> write(interval, "sink { Console {} }")));
        assertTrue(type.contains("interval") && type.contains("cast the column"), type);
    }

    @Test
    void handlesAreClosedWhenTasksAre() throws Exception {
        read(samples(11, false)).count();
        System.gc();
        int before = Native.liveHandles();
        for (int round = 0; round < 3; round++) {
            write(read(samples(12, false)), CHECK);
        }
        // What the driver holds for readers goes with the query, when somebody comes to collect it.
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (Native.liveHandles() > before && System.nanoTime() - deadline < 0) {
            System.gc();
            Thread.sleep(50);
        }
        assertTrue(Native.liveHandles() <= before, before + " handles became " + Native.liveHandles());
    }

    private static String stack(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (Throwable next = failure; next != null; next = next.getCause()) {
            text.append(next).append('\n');
        }
        return text.toString();
    }
}
