package org.seatunnel.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;

class AttemptTest {
    @Test
    void theFirstAttemptHasTheNumberOfTheJob() {
        assertEquals("42", new Attempt("42", 0, 0).id());
        assertEquals(3, new Attempt("42", 0, 0).writerNumber(3, 4));
        assertTrue(new Attempt("42", 0, 0).before(Set.of()).isEmpty());
    }

    @Test
    void writersOfAllAttemptsHaveNumbersOfTheirOwn() {
        Set<Integer> numbers = new HashSet<>();
        for (long checkpoint : new long[] {0, 1, 2, 70}) {
            for (int attempt = 0; attempt < 60; attempt++) {
                for (int writer = 0; writer < 3; writer++) {
                    assertTrue(numbers.add(new Attempt("42", checkpoint, attempt).writerNumber(writer, 3)));
                }
            }
        }
        assertTrue(new Attempt("42", Long.MAX_VALUE / 1000, 9).writerNumber(7, 8) >= 0);
    }

    @Test
    void attemptsWithoutACheckpointAreLookedFor() {
        Set<String> before = new Attempt("42", 7, 2).before(Set.of("42", "42-3-1"));
        assertTrue(before.containsAll(List.of("42", "42-3-1", "42-7-0", "42-7-1")));
        assertFalse(before.contains("42-7-2"));
    }

    @Test
    void aJobThatGoesOnFromASavepointTakesBackWhatTheOtherHasLeft() {
        Set<String> before = new Attempt("43", 7, 0).before(Set.of("42-3-1"));
        assertTrue(before.containsAll(List.of("42-3-1", "42-7-0", "42-7-1")));
        assertFalse(before.contains("43-7-0"));
    }
}
