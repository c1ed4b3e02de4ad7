package org.seatunnel.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Frames;

class StreamStateTest {
    private static final byte[] SPLIT = Frames.pack(Frames.ofText("0"), Frames.ofText("at 7"));

    private static StreamState state(long number) {
        StreamState.Source source = new StreamState.Source(Frames.ofText("enumerator"), List.of(SPLIT));
        return new StreamState(number, Map.of(2, source), List.of(Frames.ofText("part"), Frames.ofText("other")));
    }

    @Test
    void comesBackFromBytes() {
        StreamState state = StreamState.of(state(1L << 40).toBytes());
        assertEquals(1L << 40, state.number);
        assertEquals("enumerator", Frames.toText(state.sources.get(2).enumerator));
        assertArrayEquals(SPLIT, state.sources.get(2).held.get(0));
        assertEquals("other", Frames.toText(state.parts.get(1)));
    }

    @Test
    void anotherVersionIsRefused() {
        byte[] bytes = Frames.pack(Frames.ofInt(9));
        String message = assertThrows(ConnectorException.class, () -> StreamState.of(bytes)).getMessage();
        assertTrue(message.contains("version 9"), message);
    }

    @Test
    void positionsComeBackFromBytes() {
        byte[] bytes = Positions.pack(3, Frames.pack(SPLIT), List.of());
        assertTrue(Positions.is(bytes));
        assertFalse(Positions.is(new byte[] {1}));
        Positions positions = Positions.of(bytes);
        assertEquals(3, positions.source);
        assertArrayEquals(SPLIT, positions.held.get(0));
        assertTrue(positions.finished.isEmpty());
    }

    @Test
    void theNewestIsFoundAndOldOnesGo(@TempDir Path folder) throws Exception {
        StateStore store = new StateStore(folder.resolve("job").toUri().toString(), new Configuration());
        assertNull(store.newest());
        for (long number : new long[] {8, 9, 10, 11}) {
            store.write(state(number));
        }
        // One that was cut off.
        Files.write(folder.resolve("job/.state-0000000000000000012.part"), new byte[3]);
        assertEquals(11, new StateStore(folder.resolve("job").toString(), new Configuration()).newest().number);
        try (var files = Files.list(folder.resolve("job"))) {
            assertEquals(2, files.filter(file -> file.getFileName().toString().startsWith("state-")).count());
        }
        store.remove();
        assertFalse(Files.exists(folder.resolve("job")));
    }
}
