package org.seatunnel.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;
import org.seatunnel.translation.Frames;

class SplitsPartitionTest {
    @Test
    void splitsAreDealtInTurn() {
        assertEquals(List.of("a d", "b e", "c"), deal(3, "a", "b", "c", "d", "e"));
    }

    @Test
    void noReaderIsWithoutSplits() {
        assertEquals(List.of("a", "b"), deal(4, "a", "b"));
        assertTrue(deal(4).isEmpty());
    }

    private static List<String> deal(int parallelism, String... splits) {
        List<byte[]> all = new ArrayList<>();
        for (String split : splits) {
            all.add(Frames.ofText(split));
        }
        List<String> hands = new ArrayList<>();
        for (SplitsPartition partition : SplitsPartition.deal(7, parallelism, all, true)) {
            assertEquals(7, partition.source);
            assertEquals(parallelism, partition.parallelism);
            assertEquals(hands.size(), partition.subtask);
            hands.add(Frames.unpack(partition.splits).stream().map(Frames::toText).collect(Collectors.joining(" ")));
        }
        return hands;
    }
}
