package org.seatunnel.flink;

import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.seatunnel.translation.JobDescription;

/** A source of a job and the transforms behind it. Its records are batches of rows on their way to a sink. */
final class ElementSource implements Source<byte[], ElementSplit, byte[]>, ResultTypeQueryable<byte[]> {
    private static final long serialVersionUID = 1L;

    private final byte[] payload;
    private final int node;
    private final String name;
    private final boolean isBounded;
    private final boolean tellsBacklog;

    /**
     * @param tellsBacklog whether there is another interval of checkpoints at the end of the job than before
     */
    ElementSource(byte[] payload, JobDescription.SourceNode source, boolean tellsBacklog) {
        this.payload = payload;
        this.node = source.node;
        this.name = source.name;
        this.isBounded = source.isBounded;
        this.tellsBacklog = tellsBacklog;
    }

    @Override
    public Boundedness getBoundedness() {
        return isBounded ? Boundedness.BOUNDED : Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SplitEnumerator<ElementSplit, byte[]> createEnumerator(SplitEnumeratorContext<ElementSplit> context) {
        return new ElementEnumerator(payload, node, name, tellsBacklog, context, null);
    }

    @Override
    public SplitEnumerator<ElementSplit, byte[]> restoreEnumerator(
            SplitEnumeratorContext<ElementSplit> context, byte[] state) {
        return new ElementEnumerator(payload, node, name, tellsBacklog, context, state);
    }

    @Override
    public SourceReader<byte[], ElementSplit> createReader(SourceReaderContext context) {
        return new ElementReader<>(payload, node, context, (element, output) -> output.collect(element));
    }

    @Override
    public SimpleVersionedSerializer<ElementSplit> getSplitSerializer() {
        return new ElementSplit.Serializer();
    }

    @Override
    public SimpleVersionedSerializer<byte[]> getEnumeratorCheckpointSerializer() {
        return new ElementSplit.StateSerializer();
    }

    @Override
    public TypeInformation<byte[]> getProducedType() {
        return PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;
    }
}
