package org.seatunnel.spark.dataframe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.Trigger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.seatunnel.translation.Frames;

/** Streams of Spark's own, through connectors. Needs the native library, built for tests: see scripts/test.sh. */
class StreamTest {
    private static final int FILES = 3;
    private static final long ROWS_OF_FILE = 2_000;
    private static final long ROWS = FILES * ROWS_OF_FILE;

    private static SparkSession spark;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() {
        assumeTrue(
                System.getProperty("seatunnel.native.path") != null,
                "no native library: give its path by -Dseatunnel.native.path");
        spark = SparkSession.builder()
                .master("local[2]")
                .appName("test")
                .config("spark.ui.enabled", false)
                .config("spark.sql.shuffle.partitions", 2)
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        if (spark != null) {
            spark.stop();
        }
    }

    private void numbers() throws IOException {
        Files.createDirectories(folder.resolve("source"));
        for (int file = 0; file < FILES; file++) {
            long first = file * ROWS_OF_FILE;
            List<String> lines = LongStream.range(first, first + ROWS_OF_FILE)
                    .mapToObj(n -> n + ",row " + n)
                    .collect(Collectors.toList());
            Files.write(folder.resolve("source/" + file + ".csv"), lines);
        }
    }

    /** Slow enough that an epoch ends within a file. */
    private Dataset<Row> read() {
        String config = "env { parallelism = 2, checkpoint.interval = 1000, read_limit.rows_per_second = 1200 }\n"
                + "source { LocalFile { path = \"" + folder.resolve("source") + "\", file_format_type = csv,"
                + " schema { fields { id = bigint, name = string } } } }";
        return spark.readStream().format("seatunnel").option("config.text", config).load();
    }

    private String sink() {
        return "sink { LocalFile { path = \"" + folder.resolve("sink") + "\", tmp_path = \"" + folder.resolve("tmp")
                + "\", file_format_type = text, data_save_mode = ERROR_WHEN_DATA_EXISTS } }";
    }

    private <T> void run(DataStreamWriter<T> stream) throws Exception {
        stream.option("checkpointLocation", folder.resolve("checkpoint").toString())
                .trigger(Trigger.AvailableNow())
                .start()
                .awaitTermination();
    }

    private List<Path> filesIn(String name) throws IOException {
        if (!Files.exists(folder.resolve(name))) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder.resolve(name))) {
            return files.filter(Files::isRegularFile).collect(Collectors.toList());
        }
    }

    /** The numbers that are in the sink. */
    private List<Long> written() throws IOException {
        List<Long> all = new ArrayList<>();
        for (Path file : filesIn("sink")) {
            for (String line : Files.readAllLines(file)) {
                all.add(Long.parseLong(line.split("[^0-9]", 2)[0]));
            }
        }
        return all;
    }

    private void assertAllOnce(List<Long> ids) {
        assertEquals(ROWS, new HashSet<>(ids).size(), "lost rows");
        assertEquals(ROWS, ids.size(), "doubled rows");
    }

    /** Makes Spark forget that its last epochs came to their end, as if the driver had been killed just before. */
    private void forgetCommits(int count) throws IOException {
        List<Path> commits = filesIn("checkpoint/commits").stream()
                .filter(path -> path.getFileName().toString().matches("[0-9]+"))
                .sorted(Comparator.comparing(path -> -Long.parseLong(path.getFileName().toString())))
                .collect(Collectors.toList());
        assertTrue(commits.size() > count, "there are " + commits.size() + " epochs");
        for (Path commit : commits.subList(0, count)) {
            Files.delete(commit);
            Files.deleteIfExists(commit.resolveSibling("." + commit.getFileName() + ".crc"));
        }
    }

    private DataStreamWriter<Row> copy() {
        return read().writeStream().format("seatunnel").option("config.text", sink());
    }

    @Test
    void rowsGoThroughOnceWhateverSparkRepeats() throws Exception {
        numbers();
        run(copy());
        assertAllOnce(written());
        // The sink has committed, and Spark does not know.
        forgetCommits(1);
        run(copy());
        assertAllOnce(written());
        assertEquals(List.of(), filesIn("tmp"), "left behind");
        // Nothing is new.
        run(copy());
        assertAllOnce(written());
    }

    @Test
    void anEpochHasTheSameRowsEachTime() throws Exception {
        numbers();
        Map<Long, List<Long>> epochs = new TreeMap<>();
        VoidFunction2<Dataset<Row>, Long> look = (rows, epoch) -> {
            List<Long> first = sorted(rows);
            assertEquals(first, sorted(rows), "read twice in one epoch");
            List<Long> before = epochs.put(epoch, first);
            if (before != null) {
                assertEquals(before, first, "read again after a restart");
            }
        };
        run(read().writeStream().foreachBatch(look));
        List<Long> all = epochs.values().stream().flatMap(List::stream).collect(Collectors.toList());
        assertAllOnce(all);
        assertTrue(epochs.values().stream().filter(rows -> !rows.isEmpty()).count() > 2, "too few epochs: " + epochs.keySet());
        long last = epochs.keySet().stream().max(Long::compare).orElseThrow();
        long times = epochs.size();
        forgetCommits(1);
        run(read().writeStream().foreachBatch(look));
        assertTrue(epochs.size() >= times && epochs.containsKey(last));
        assertAllOnce(epochs.values().stream().flatMap(List::stream).collect(Collectors.toList()));
    }

    private static List<Long> sorted(Dataset<Row> rows) {
        return rows.collectAsList().stream().map(row -> row.<Long>getAs("id")).sorted().collect(Collectors.toList());
    }

    @Test
    void aStreamThatFailsGoesOnWhereItWas() throws Exception {
        numbers();
        Dataset<Row> rows = read().selectExpr(
                "if(id = " + (ROWS_OF_FILE - 5) + " and not "
                        + "reflect('java.lang.Boolean', 'getBoolean', 'seatunnel.test.repaired') = 'true',"
                        + " cast(raise_error('stop here') as bigint), id) as id",
                "name");
        DataStreamWriter<Row> copy = rows.writeStream().format("seatunnel").option("config.text", sink());
        StreamingQueryException failure = assertThrows(StreamingQueryException.class, () -> run(copy));
        assertTrue(failure.getMessage().contains("stop here") || String.valueOf(failure.getCause()).contains("stop here"));
        assertFalse(written().isEmpty());
        System.setProperty("seatunnel.test.repaired", "true");
        try {
            run(rows.writeStream().format("seatunnel").option("config.text", sink()));
        } finally {
            System.clearProperty("seatunnel.test.repaired");
        }
        assertAllOnce(written());
        assertEquals(List.of(), filesIn("tmp"), "left behind");
    }

    @Test
    void whatCanNotBeReadAgainIsSaid() throws Exception {
        numbers();
        run(copy());
        // The last epoch that has brought rows, and those behind it.
        forgetCommits(2);
        for (int file = 0; file < FILES; file++) {
            Files.write(folder.resolve("source/" + file + ".csv"), List.of("1,row"));
        }
        StreamingQueryException failure = assertThrows(StreamingQueryException.class, () -> run(copy()));
        StringBuilder text = new StringBuilder();
        for (Throwable next = failure; next != null; next = next.getCause()) {
            text.append(next).append('\n');
        }
        assertTrue(text.toString().contains("start the query with another checkpointLocation"), text.toString());
    }

    @Test
    void aStreamIsWrittenWithAPlaceForItsState() {
        Exception failure = assertThrows(Exception.class, () -> spark.readStream()
                .format("rate")
                .load()
                .writeStream()
                .format("seatunnel")
                .option("config.text", "sink { Console {} }")
                .start()
                .awaitTermination());
        assertTrue(failure.toString().contains("checkpointLocation"), failure.toString());
    }

    @Test
    void whoDecidesFirstDecidesForAll() {
        EpochLog log = new EpochLog(folder.toUri().toString(), new Configuration());
        byte[] none = Frames.pack(Frames.pack(), Frames.pack());
        assertEquals(7, log.decide(1, 0, new EpochEnd(7, none)).rows);
        assertEquals(7, log.decide(1, 0, new EpochEnd(9, none)).rows);
        assertEquals(9, log.decide(2, 0, new EpochEnd(9, none)).rows);
        log.forgetBefore(2);
        assertEquals(null, log.end(1, 0));
        assertEquals(9, log.end(2, 0).rows);
    }
}
