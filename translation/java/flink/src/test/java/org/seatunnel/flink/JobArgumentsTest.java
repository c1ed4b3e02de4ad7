package org.seatunnel.flink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;

import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.GlobalConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobArgumentsTest {
    private static final Configuration NONE = new Configuration();

    @Test
    void aJobComesFromAFileOrFromASettingThatFlinkHides(@TempDir Path folder) throws Exception {
        byte[] job = {(byte) 0xfb, (byte) 0xff, (byte) 0xfe, 1};
        Path file = Files.write(folder.resolve("job"), job);
        assertArrayEquals(job, JobArguments.read(new String[] {"--job", file.toString()}, NONE));
        String text = Base64.getUrlEncoder().withoutPadding().encodeToString(job);
        for (String own : new String[] {text, '"' + text + '"'}) {
            Configuration settings = Configuration.fromMap(Map.of(JobArguments.SETTING, own));
            assertArrayEquals(job, JobArguments.read(new String[0], settings));
        }
        assertTrue(GlobalConfiguration.isSensitive(JobArguments.SETTING));
    }

    @Test
    void wrongArgumentsAreNotRepeated() {
        for (String[] args : new String[][] {{}, {"hunter2"}, {"--jobs", "hunter2"}}) {
            String message =
                    assertThrows(IllegalArgumentException.class, () -> JobArguments.read(args, NONE)).getMessage();
            assertTrue(message.contains("--job") && !message.contains("hunter2"), message);
        }
        Configuration wrong = Configuration.fromMap(Map.of(JobArguments.SETTING, "!hunter2"));
        String message =
                assertThrows(IllegalArgumentException.class, () -> JobArguments.read(new String[0], wrong)).getMessage();
        assertTrue(message.contains("Base64") && !message.contains("hunter2"), message);
    }
}
