package org.seatunnel.flink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Frames;

class StatesTest {
    @Test
    void whatACheckpointKnowsOfWritersComesBack() {
        CommitState state = new CommitState();
        state.parts.add(new byte[] {1, 2});
        state.parts.add(new byte[0]);
        state.counts.set(2, 7);
        state.attempts.add("42-1-0");
        CommitState came = CommitState.of(state.toBytes());
        assertEquals(2, came.parts.size());
        assertArrayEquals(new byte[] {1, 2}, came.parts.get(0));
        assertArrayEquals(state.counts.toArray(), came.counts.toArray());
        assertEquals(Set.of("42-1-0"), came.attempts);
    }

    @Test
    void whatWritersHavePreparedComesBack() {
        Counts counts = new Counts();
        counts.set(4, 3);
        Prepared came = Prepared.of(new Prepared("42", counts, List.of(new byte[] {5})).toBytes());
        assertEquals("42", came.attempt);
        assertArrayEquals(new long[] {0, 0, 0, 0, 3}, came.counts.toArray());
        assertArrayEquals(new byte[] {5}, came.parts.get(0));
    }

    @Test
    void aSplitKeepsItsNameWhereverItIsReadTo() {
        ElementSplit.Serializer serializer = new ElementSplit.Serializer();
        for (boolean finished : new boolean[] {true, false}) {
            byte[] split = Frames.pack(Frames.ofText("file-1"), new byte[] {9, 9});
            ElementSplit came =
                    serializer.deserialize(serializer.getVersion(), serializer.serialize(new ElementSplit(split, finished)));
            assertEquals("file-1", came.splitId());
            assertArrayEquals(split, came.bytes);
            assertEquals(finished, came.isFinished);
        }
    }

    @Test
    void stateOfAnotherReleaseIsRefused() {
        ConnectorException error = assertThrows(
                ConnectorException.class, () -> new ElementSplit.StateSerializer().deserialize(2, new byte[0]));
        assertTrue(error.getMessage().contains("version 2"), error.getMessage());
    }
}
