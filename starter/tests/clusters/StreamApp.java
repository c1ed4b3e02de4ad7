import org.apache.spark.sql.SparkSession;

/** A stream of Spark's own, from a source of a job file to a sink of another: SOURCE.conf SINK.conf CHECKPOINTS */
public class StreamApp {
    private StreamApp() {}

    public static void main(String[] args) throws Exception {
        SparkSession spark = SparkSession.builder().getOrCreate();
        spark.readStream().format("seatunnel").option("config", args[0]).load()
                .selectExpr("id")
                .writeStream().format("seatunnel").option("config", args[1]).option("checkpointLocation", args[2])
                .start()
                .awaitTermination();
    }
}
