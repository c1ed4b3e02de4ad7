package org.seatunnel.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;

import org.apache.flink.configuration.Configuration;
import org.junit.jupiter.api.Test;

class FlinkSettingsTest {
    private static Map<String, String> checkpoints(Map<String, String> given, boolean ends, long asked) {
        Configuration settings = new Configuration();
        FlinkSettings.checkpoints(settings, Configuration.fromMap(given), ends, asked);
        return settings.toMap();
    }

    private static Map<String, String> restarts(Map<String, String> given, boolean onlyAtEnd, int retries) {
        Configuration settings = new Configuration();
        FlinkSettings.restarts(settings, Configuration.fromMap(given), onlyAtEnd, retries, 3000);
        return settings.toMap();
    }

    @Test
    void aJobThatEndsTakesOneCheckpointAtItsEnd() {
        assertEquals(
                Map.of(FlinkSettings.INTERVAL, "200 ms", FlinkSettings.BACKLOG_INTERVAL, "0 ms"),
                checkpoints(Map.of(), true, 0));
    }

    @Test
    void aJobThatEndsTakesMoreIfItAsks() {
        assertEquals(
                Map.of(FlinkSettings.INTERVAL, "200 ms", FlinkSettings.BACKLOG_INTERVAL, "5000 ms"),
                checkpoints(Map.of(), true, 5000));
        assertEquals(
                Map.of(FlinkSettings.INTERVAL, "100 ms", FlinkSettings.BACKLOG_INTERVAL, "100 ms"),
                checkpoints(Map.of(), true, 100));
        assertEquals(
                Map.of(FlinkSettings.INTERVAL, "200 ms", FlinkSettings.BACKLOG_INTERVAL, "60000 ms"),
                checkpoints(Map.of(FlinkSettings.INTERVAL, "1 min"), true, 0));
    }

    @Test
    void theJobFilesIntervalGoesBeforeFlinks() {
        Map<String, String> flinks = Map.of(FlinkSettings.INTERVAL, "1 min");
        assertEquals(Map.of(FlinkSettings.INTERVAL, "2000 ms"), checkpoints(flinks, false, 2000));
        assertEquals(Map.of(FlinkSettings.INTERVAL, "60000 ms"), checkpoints(flinks, false, 0));
        assertEquals(Map.of(FlinkSettings.INTERVAL, "10000 ms"), checkpoints(Map.of(), false, 0));
    }

    @Test
    void noJobIsStartedAgainForEver() {
        Map<String, String> anew = restarts(Map.of(), true, -1);
        assertEquals("fixed-delay", anew.get("restart-strategy.type"));
        assertEquals("3", anew.get("restart-strategy.fixed-delay.attempts"));
        assertEquals("3000 ms", anew.get("restart-strategy.fixed-delay.delay"));
        Map<String, String> goesOn = restarts(Map.of(), false, -1);
        assertEquals("exponential-delay", goesOn.get("restart-strategy.type"));
        assertEquals("3", goesOn.get("restart-strategy.exponential-delay.attempts-before-reset-backoff"));
        assertEquals("1 min", goesOn.get("restart-strategy.exponential-delay.reset-backoff-threshold"));
        assertTrue(restarts(Map.of("restart-strategy.type", "failure-rate"), true, -1).isEmpty(), "Flink's own");
        assertEquals(Map.of("restart-strategy.type", "none"), restarts(Map.of(), false, 0));
        assertEquals("7", restarts(Map.of(), true, 7).get("restart-strategy.fixed-delay.attempts"));
    }
}
