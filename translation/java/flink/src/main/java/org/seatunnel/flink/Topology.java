package org.seatunnel.flink;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.seatunnel.translation.JobDescription;

/**
 * A job as Flink sees it: for each source one chain of reading and writing, and one task that commits for all.
 *
 * <pre>
 * source 0 -> write -.
 *                     +-> commit
 * source 1 -> write -'
 * </pre>
 *
 * <p>Names of state ({@code uid}) are counted by source, so that a job file may change otherwise between a savepoint and the
 * job that goes on from it.
 */
final class Topology {
    private Topology() {}

    static void build(StreamExecutionEnvironment env, byte[] payload, JobDescription job, boolean tellsBacklog) {
        int writers = 0;
        for (JobDescription.SourceNode source : job.sources) {
            writers += source.parallelism;
        }
        DataStream<byte[]> all = null;
        int firstWriter = 0;
        int number = 0;
        for (JobDescription.SourceNode source : job.sources) {
            DataStream<byte[]> written = env.fromSource(
                            new ElementSource(payload, source, tellsBacklog),
                            WatermarkStrategy.noWatermarks(),
                            source.name)
                    .uid("source-" + number)
                    .setParallelism(source.parallelism)
                    .transform(
                            "write " + source.name,
                            PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO,
                            new WriteOperator(payload, job.id, firstWriter, writers))
                    .uid("write-" + number)
                    .setParallelism(source.parallelism);
            all = all == null ? written : all.union(written);
            firstWriter += source.parallelism;
            number++;
        }
        all.global()
                .transform(
                        "commit",
                        PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO,
                        new CommitOperator(payload, job.id))
                .uid("commit")
                .setParallelism(1)
                .setMaxParallelism(1)
                .disableChaining();
    }
}
