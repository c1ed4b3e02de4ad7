package org.seatunnel.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.flink.runtime.throwable.ThrowableClassifier;
import org.apache.flink.runtime.throwable.ThrowableType;
import org.apache.flink.util.SerializedThrowable;
import org.junit.jupiter.api.Test;
import org.seatunnel.translation.ConnectorException;

class FailuresTest {
    private static final ConnectorException ERROR =
            new ConnectorException("ASSERT-01", "error[ASSERT-01]: too few rows\n  = help: look", false);

    @Test
    void peopleAreToldWhatTheConnectorSays() {
        Throwable way = new RuntimeException("job failed", new SerializedThrowable(Failures.forFlink(ERROR)));
        assertEquals(ERROR.getMessage(), Failures.message(way));
        assertTrue(Failures.isOurs(Failures.root(way)));
        assertEquals(
                "error: lost", Failures.message(new RuntimeException("job failed", new IllegalStateException("lost"))));
    }

    @Test
    void onlyWhatMayPassIsTriedAgain() {
        Throwable permanent = Failures.forFlink(ERROR);
        assertTrue(ThrowableClassifier.findThrowableOfThrowableType(permanent, ThrowableType.NonRecoverableError)
                .isPresent());
        ConnectorException passing = new ConnectorException("API-02", "busy", true);
        assertSame(passing, Failures.forFlink(passing));
    }
}
