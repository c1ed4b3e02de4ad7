package org.seatunnel.spark.dataframe;

import java.io.Serializable;

/** How an epoch of a stream is read. */
final class EpochOrder implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Where readers say how far they came. */
    final EpochLog log;
    /** Milliseconds after which readers look for a place to stop at. */
    final long stopAfterMillis;
    /** How much longer it may take to come to such a place; 0 for no limit. */
    final long patienceMillis;

    EpochOrder(EpochLog log, long stopAfterMillis, long patienceMillis) {
        this.log = log;
        this.stopAfterMillis = Math.max(stopAfterMillis, 1);
        this.patienceMillis = patienceMillis;
    }
}
