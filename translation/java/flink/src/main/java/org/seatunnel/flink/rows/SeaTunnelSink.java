package org.seatunnel.flink.rows;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.CommitterInitContext;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.RowType;
import org.seatunnel.flink.ElementSplit;
import org.seatunnel.flink.Failures;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Frames;
import org.seatunnel.translation.JobDescription;
import org.seatunnel.translation.Native;
import org.seatunnel.translation.OpenHandles;

/**
 * Sinks of SeaTunnel for programs that make rows in Flink: Flink SQL, or operators of a DataStream.
 *
 * <pre>{@code
 * SeaTunnelSink sink = SeaTunnelSink.of("sink { Jdbc { url = ..., ... } }", rowType).build();
 * sink.begin();
 * orders.sinkTo(sink);
 * }</pre>
 *
 * <p>The text is that of a job file without a source; rows are called {@code dataframe} there, where transforms ask for them
 * by name. What a row does to its table is its kind. Rows are committed with Flink's checkpoints, or at the end of a job
 * that takes none.
 */
public final class SeaTunnelSink extends CommittingSink {
    private static final long serialVersionUID = 1L;

    private final byte[] payload;
    private final String run;
    private final RowType type;
    private final String schema;

    private SeaTunnelSink(byte[] payload, String run, RowType type, String schema) {
        this.payload = payload;
        this.run = run;
        this.type = type;
        this.schema = schema;
    }

    /** Begins to describe the sinks of a job file's text, for rows of this type. */
    public static Builder of(String config, RowType type) {
        return new Builder(config, type);
    }

    /** Describes a sink. */
    public static final class Builder {
        private final String config;
        private final RowType type;
        private final Map<String, String> types = new HashMap<>();
        private String table;

        private Builder(String config, RowType type) {
            this.config = config;
            this.type = type;
        }

        /** Types of columns that Flink has no types for: see {@link SeaTunnelSource#types}. */
        public Builder types(Map<String, String> more) {
            types.putAll(more);
            return this;
        }

        /** The path of the table that rows are of, for sinks that look at it. */
        public Builder table(String path) {
            table = path;
            return this;
        }

        /**
         * The sink.
         *
         * @throws ConnectorException if the text has mistakes, or a column is of a type that SeaTunnel does not have
         */
        public SeaTunnelSink build() {
            String schema = RowSchema.json(type, types);
            byte[] path = table == null ? null : Frames.ofText(table);
            byte[] payload = Native.jobToWrite(
                    Frames.ofText(config), false, Frames.ofText(schema), path, Native.UNKNOWN);
            try (OpenHandles handles = new OpenHandles()) {
                String run = JobDescription.of(handles.add(Native.jobOpen(payload))).id;
                return new SeaTunnelSink(payload, run, type, schema);
            }
        }
    }

    /**
     * Makes targets ready: carries out what options such as {@code data_save_mode} say. To be called once before a job
     * begins, and not before it goes on from a savepoint.
     */
    public void begin() {
        try (OpenHandles handles = new OpenHandles()) {
            Native.jobBegin(handles.add(Native.jobOpen(payload)));
        }
    }

    @Override
    public SinkWriter<RowData> createWriter(WriterInitContext context) {
        return new RowWriter(payload, run, type, schema, context);
    }

    @Override
    public Committer<byte[]> createCommitter(CommitterInitContext context) {
        OpenHandles handles = new OpenHandles();
        long job;
        try {
            job = handles.add(Native.jobOpen(payload));
        } catch (ConnectorException e) {
            throw Failures.forFlink(e);
        }
        return new PartCommitter(handles, job);
    }

    @Override
    public SimpleVersionedSerializer<byte[]> getCommittableSerializer() {
        return new ElementSplit.StateSerializer();
    }

    /** Commits; Flink does so again after each restart, and sinks take that for done. */
    private static final class PartCommitter implements Committer<byte[]> {
        private final OpenHandles handles;
        private final long job;

        PartCommitter(OpenHandles handles, long job) {
            this.handles = handles;
            this.job = job;
        }

        @Override
        public void commit(Collection<CommitRequest<byte[]>> requests) {
            List<byte[]> parts = new ArrayList<>();
            requests.forEach(request -> parts.add(request.getCommittable()));
            try {
                Native.jobCommit(job, Frames.pack(parts));
            } catch (ConnectorException e) {
                throw Failures.forFlink(e);
            }
        }

        @Override
        public void close() {
            handles.close();
        }
    }
}
