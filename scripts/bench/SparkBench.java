import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.seatunnel.spark.SparkJob;

/**
 * Jobs of the native connectors beside what Spark has itself, in one application: see spark.py. Prints NAME SECONDS for
 * each run that counts.
 *
 * <p>null ROWS RUNS CORES WORK, or postgres URL USER PASSWORD TABLE ROWS RUNS CORES WORK
 */
public class SparkBench {
    private static SparkSession spark;

    public static void main(String[] given) throws Exception {
        boolean isNull = given[0].equals("null");
        int cores = Integer.parseInt(given[isNull ? 3 : 7]);
        spark = SparkSession.builder().master("local[" + cores + "]").appName("bench")
            .config("spark.ui.enabled", false).config("spark.driver.host", "127.0.0.1").getOrCreate();
        if (isNull) {
            generated(Long.parseLong(given[1]), Integer.parseInt(given[2]), cores, Path.of(given[4]));
        } else {
            unload(given, Long.parseLong(given[5]), Integer.parseInt(given[6]), cores, Path.of(given[8]));
        }
        spark.stop();
    }

    /** The same columns: long, timestamp, double, int, string and boolean, two of them with nulls. */
    private static void generated(long rows, int runs, int cores, Path work) throws Exception {
        Dataset<Row> own = spark.range(0, rows, 1, cores).selectExpr(
            "id", "timestamp_micros(id * 1000000) as at", "if(id % 10 = 0, null, id * 0.5d) as amount",
            "cast(id % 1000000 as int) as number", "if(id % 7 = 0, null, concat('name-', cast(id % 10000000 as string))) as name",
            "id % 2 = 0 as flag");
        Path job = work.resolve("null.conf");
        for (int run = 0; run <= runs; run++) {
            // The first run of each is for the compiler of the Java machine.
            timed("spark", run, () -> own.write().format("noop").mode("overwrite").save());
            timed("seatunnel", run, () -> SparkJob.run(spark, job));
        }
    }

    private static void unload(String[] given, long rows, int runs, int cores, Path work) throws Exception {
        Map<String, String> options = Map.of("url", given[1], "user", given[2], "password", given[3], "dbtable", given[4],
            "driver", "org.postgresql.Driver", "partitionColumn", "id", "lowerBound", "1", "upperBound", Long.toString(rows),
            "numPartitions", Integer.toString(cores), "fetchsize", "10000");
        Path job = work.resolve("postgres.conf");
        String[] sums = {"count(*)", "sum(cast(id as decimal(38)))", "sum(cast(account as decimal(38)))", "sum(amount)",
            "date_format(max(updated_at), 'yyyy-MM-dd HH:mm:ss')", "sum(length(remark))"};
        for (int run = 0; run <= runs; run++) {
            Path theirs = work.resolve("spark-" + run);
            Path ours = work.resolve("seatunnel");
            Runnable jdbc = () ->
                spark.read().format("jdbc").options(options).load().write().option("compression", "snappy").parquet(theirs.toString());
            // Each is first as often as the other: the Java machine may still compile what the one before had it do.
            if (run % 2 == 0) {
                timed("spark", run, jdbc);
            }
            timed("seatunnel", run, () -> SparkJob.run(spark, job));
            if (run % 2 == 1) {
                timed("spark", run, jdbc);
            }
            // Not part of what is timed: it reads.
            String expected = spark.read().parquet(theirs.toString()).selectExpr(sums).first().toString();
            String found = spark.read().parquet(ours.toString()).selectExpr(sums).first().toString();
            if (!expected.equals(found) || !found.startsWith("[" + rows + ",")) {
                throw new IllegalStateException("the files differ: " + expected + " and " + found);
            }
            remove(theirs);
            remove(ours);
        }
    }

    private static void timed(String name, int run, Runnable work) {
        long begun = System.nanoTime();
        work.run();
        double seconds = (System.nanoTime() - begun) / 1e9;
        if (run > 0) {
            System.out.printf("RESULT %s %.3f%n", name, seconds);
        }
    }

    private static void remove(Path folder) throws Exception {
        try (var all = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) all.sorted(java.util.Comparator.reverseOrder())::iterator) {
                Files.delete(path);
            }
        }
    }
}
