package org.seatunnel.translation;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Lists of bytes as bytes: how many, then each with its length before it; big-endian. */
public final class Frames {
    private Frames() {}

    /** Packs a list. */
    public static byte[] pack(Collection<byte[]> parts) {
        long size = 4;
        for (byte[] part : parts) {
            size += 4L + part.length;
        }
        ByteBuffer buffer = ByteBuffer.allocate(Math.toIntExact(size));
        buffer.putInt(parts.size());
        for (byte[] part : parts) {
            buffer.putInt(part.length).put(part);
        }
        return buffer.array();
    }

    /** Packs some. */
    public static byte[] pack(byte[]... parts) {
        return pack(List.of(parts));
    }

    /** Unpacks a list. */
    public static List<byte[]> unpack(byte[] frames) {
        return unpack(ByteBuffer.wrap(frames));
    }

    /** Unpacks a list that lies behind {@code offset} bytes of something else. */
    public static List<byte[]> unpack(byte[] bytes, int offset) {
        return unpack(ByteBuffer.wrap(bytes, offset, bytes.length - offset));
    }

    private static List<byte[]> unpack(ByteBuffer buffer) {
        int count = buffer.getInt();
        List<byte[]> parts = new ArrayList<>(count);
        for (int index = 0; index < count; index++) {
            byte[] part = new byte[buffer.getInt()];
            buffer.get(part);
            parts.add(part);
        }
        return parts;
    }

    /** A number as a frame. */
    public static byte[] ofInt(int number) {
        return ByteBuffer.allocate(4).putInt(number).array();
    }

    /** A frame as a number. */
    public static int toInt(byte[] frame) {
        return ByteBuffer.wrap(frame).getInt();
    }

    /** A text as a frame. */
    public static byte[] ofText(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** A frame as a text. */
    public static String toText(byte[] frame) {
        return new String(frame, StandardCharsets.UTF_8);
    }
}
