package org.seatunnel.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.seatunnel.translation.ConnectorException;

class SparkJobTest {
    @Test
    void aJobComesFromAFileOrFromText(@TempDir Path folder) throws Exception {
        // Bytes that the two alphabets of Base64 write with different letters.
        byte[] job = {(byte) 0xfb, (byte) 0xff, (byte) 0xfe, 1};
        String file = folder.resolve("job").toString();
        assertNull(JobArguments.parse(new String[] {"--job", file}).read());
        Files.write(folder.resolve("job"), job);
        assertArrayEquals(job, JobArguments.parse(new String[] {"--job", file}).read());
        assertArrayEquals(job, JobArguments.decode(Base64.getUrlEncoder().withoutPadding().encodeToString(job)));
    }

    @Test
    void wrongArgumentsAreNotRepeated() {
        for (String[] args : new String[][] {{}, {"hunter2"}, {"--jobs", "hunter2"}}) {
            String message = assertThrows(IllegalArgumentException.class, () -> JobArguments.parse(args)).getMessage();
            assertTrue(message.contains("--job") && !message.contains("hunter2"), message);
        }
        String message =
                assertThrows(IllegalArgumentException.class, () -> JobArguments.decode("!hunter2")).getMessage();
        assertTrue(message.contains("--job") && !message.contains("hunter2"), message);
        String[] unknown = {"--job-variable", "NO_SUCH_VARIABLE"};
        message = assertThrows(IllegalArgumentException.class, () -> JobArguments.parse(unknown)).getMessage();
        assertTrue(message.contains("NO_SUCH_VARIABLE"), message);
    }

    @Test
    void theConnectorsErrorIsWhatPeopleSee() {
        ConnectorException error = new ConnectorException("FILE-04", "error[FILE-04]: \"x\" is not a number", false);
        Throwable failure = new RuntimeException("Job aborted", new IllegalStateException("Task failed", error));
        assertEquals("error[FILE-04]: \"x\" is not a number", Failures.message(failure));
        assertEquals("error[A-1]: short", Failures.message(new ConnectorException("A-1", "short", true)));
        assertEquals("error: b", Failures.message(new RuntimeException("a", new RuntimeException("b"))));
    }

    @Test
    void theDataSourceServesOpenJobsOnly() {
        String message = assertThrows(IllegalArgumentException.class, () -> JobRun.of("no such")).getMessage();
        assertTrue(message.contains("SparkJob"), message);
    }
}
