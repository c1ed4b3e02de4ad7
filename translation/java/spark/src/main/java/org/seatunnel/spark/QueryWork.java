package org.seatunnel.spark;

import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.write.WriterCommitMessage;

/** What one query of a job is to do. A batch job is one query, a streaming job one after the other. */
interface QueryWork {
    /** What is read. Spark may ask more than once, and must get the same each time. */
    InputPartition[] partitions();

    /** How it is read; sent to the executors. */
    ReadOrder readOrder();

    /** The number of what is committed together. */
    long checkpoint();

    /** All tasks have prepared. */
    void commit(WriterCommitMessage[] messages);

    /** Some task has failed for good, or {@link #commit} has. Null stands for tasks that have not prepared. */
    void abort(WriterCommitMessage[] messages);
}
