package org.seatunnel.flink;

import java.util.ArrayList;
import java.util.List;

import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.seatunnel.translation.ConnectorException;
import org.seatunnel.translation.Frames;

/** A split and how far it is read, as the native side knows it. */
public final class ElementSplit implements SourceSplit {
    private final String id;
    /** Frames of id and split. */
    final byte[] bytes;
    /** It is read to its end, and the enumerator may not know that yet. */
    final boolean isFinished;

    ElementSplit(byte[] bytes, boolean isFinished) {
        this.id = Frames.toText(Frames.unpack(bytes).get(0));
        this.bytes = bytes;
        this.isFinished = isFinished;
    }

    @Override
    public String splitId() {
        return id;
    }

    /** What the native side takes. */
    static byte[] pack(List<ElementSplit> splits) {
        List<byte[]> all = new ArrayList<>();
        for (ElementSplit split : splits) {
            all.add(split.bytes);
        }
        return Frames.pack(all);
    }

    /** Splits as bytes: what is inside has a version of its own. */
    public static final class Serializer implements SimpleVersionedSerializer<ElementSplit> {
        private static final int VERSION = 1;

        @Override
        public int getVersion() {
            return VERSION;
        }

        @Override
        public byte[] serialize(ElementSplit split) {
            return Frames.pack(split.bytes, Frames.ofInt(split.isFinished ? 1 : 0));
        }

        @Override
        public ElementSplit deserialize(int version, byte[] bytes) {
            requireVersion(version, VERSION);
            List<byte[]> fields = Frames.unpack(bytes);
            return new ElementSplit(fields.get(0), Frames.toInt(fields.get(1)) != 0);
        }
    }

    /** Enumerators' state as bytes: what is inside has a version of its own. */
    public static final class StateSerializer implements SimpleVersionedSerializer<byte[]> {
        private static final int VERSION = 1;

        @Override
        public int getVersion() {
            return VERSION;
        }

        @Override
        public byte[] serialize(byte[] state) {
            return state;
        }

        @Override
        public byte[] deserialize(int version, byte[] bytes) {
            requireVersion(version, VERSION);
            return bytes;
        }
    }

    /** Refuses state that another release has written. */
    static void requireVersion(int version, int known) {
        if (version != known) {
            throw new ConnectorException(
                    "TRANSLATION-01",
                    "the state of the job has version " + version + ", this program reads version " + known
                            + "\n  = help: go on with the release that wrote it",
                    false);
        }
    }
}
