package org.seatunnel.spark.dataframe;

import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.Native;

/**
 * What a DataFrame is made of.
 *
 * <table>
 * <caption>Options</caption>
 * <tr><td>{@code config}</td><td>the path of a job file</td></tr>
 * <tr><td>{@code config.text}</td><td>or its text. Spark may show it, so passwords belong into a file, or into variables of the
 *     environment that it names as {@code ${NAME}}</td></tr>
 * <tr><td>{@code table}</td><td>reading: which of several tables; writing: what table the rows are of</td></tr>
 * <tr><td>{@code output}</td><td>reading: the {@code plugin_output} that is meant, where it is not the last one</td></tr>
 * </table>
 *
 * <p>The job file has {@code source} and {@code transform} blocks for reading, {@code transform} and {@code sink} blocks for
 * writing, where rows are called {@code dataframe}. Its {@code env} may say {@code parallelism}.
 */
final class DataFrameOptions {
    private static final String FILE = "config";
    private static final String TEXT = "config.text";

    private final byte[] config;
    private final boolean isFile;
    private final byte[] table;
    private final byte[] output;
    private final String checkpointLocation;

    DataFrameOptions(CaseInsensitiveStringMap options) {
        String file = options.get(FILE);
        String text = options.get(TEXT);
        if ((file == null) == (text == null)) {
            throw new IllegalArgumentException("give the option `" + FILE + "`, the path of a job file, or `" + TEXT
                    + "`, its text" + (file == null ? "" : "; not both"));
        }
        isFile = file != null;
        config = Frames.ofText(isFile ? file : text);
        table = optional(options.get("table"));
        output = optional(options.get("output"));
        checkpointLocation = options.get("checkpointLocation");
    }

    private static byte[] optional(String text) {
        return text == null ? null : Frames.ofText(text);
    }

    /** The table that is named, or null. */
    byte[] table() {
        return table;
    }

    /**
     * The job that reads.
     *
     * @param mode how: one of the constants of {@link Native}
     */
    byte[] jobToRead(int mode) {
        return Native.jobToRead(config, isFile, output, mode);
    }

    /** The job that writes rows of this schema; mode as {@link #jobToRead} has it. */
    byte[] jobToWrite(byte[] schema, int mode) {
        return Native.jobToWrite(config, isFile, schema, table, mode);
    }

    /** Where a stream that is written keeps what is under way, if the options say so. */
    String checkpointLocation() {
        return checkpointLocation;
    }
}
