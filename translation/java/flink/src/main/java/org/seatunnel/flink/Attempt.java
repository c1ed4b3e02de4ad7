package org.seatunnel.flink;

import java.util.LinkedHashSet;
import java.util.Set;

import org.seatunnel.translation.Frames;
import org.seatunnel.translation.Native;

/**
 * An attempt of a job: all its tasks are started again at the same time, from the same checkpoint.
 *
 * <p>What an attempt has prepared has the attempt's number in its name, so that what a failed one has left behind can be taken
 * back while the next one works.
 */
public final class Attempt {
    /** How many attempts from one checkpoint are looked for in vain, in case that the process that counted them is gone. */
    private static final int UNCOUNTED = 4;

    private final String run;
    private final long checkpoint;
    private final int number;

    /**
     * @param run the job's number
     * @param checkpoint what it goes on from; 0 if from the beginning
     * @param number Flink's: how often this job's tasks were started before
     */
    public Attempt(String run, long checkpoint, int number) {
        this.run = run;
        this.checkpoint = checkpoint;
        this.number = number;
    }

    /** The first one has the job's own number. */
    String id() {
        return id(run, checkpoint, number);
    }

    private static String id(String run, long checkpoint, int number) {
        return checkpoint == 0 && number == 0 ? run : run + "-" + checkpoint + "-" + number;
    }

    /** What its tasks open the job with. */
    byte[] payload(byte[] payload) {
        return id().equals(run) ? payload : Native.jobOfAttempt(payload, Frames.ofText(id()));
    }

    /** A number for a writer that no writer of another attempt has; below the number of writers in the first. */
    public int writerNumber(int index, int writers) {
        long serial = checkpoint * 64 + Math.min(number, 63);
        return Math.floorMod(serial * writers + index, Integer.MAX_VALUE);
    }

    /**
     * Attempts that may have left something behind.
     *
     * @param known those that the checkpoint knows
     */
    Set<String> before(Set<String> known) {
        Set<String> before = new LinkedHashSet<>(known);
        if (checkpoint > 0 || number > 0) {
            Set<String> runs = new LinkedHashSet<>();
            runs.add(run);
            for (String id : known) {
                runs.add(runOf(id));
            }
            for (String other : runs) {
                for (int earlier = 0; earlier < Math.max(number, UNCOUNTED); earlier++) {
                    before.add(id(other, checkpoint, earlier));
                }
            }
        }
        before.remove(id());
        return before;
    }

    private static String runOf(String id) {
        String[] parts = id.split("-");
        return parts.length < 3 ? id : id.substring(0, id.length() - parts[parts.length - 1].length()
                - parts[parts.length - 2].length() - 2);
    }
}
