package org.seatunnel.spark.dataframe;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructField;
import scala.jdk.javaapi.CollectionConverters;

/** What a value is as text, as the native side writes it: see {@code samples/values.rs}. */
final class Canonical {
    private Canonical() {}

    static String of(Object value, StructField field) {
        boolean isNumberAsText = value instanceof String && field.metadata().contains("seatunnel.type")
                && field.metadata().getString("seatunnel.type").startsWith("decimal");
        return isNumberAsText ? (String) value : of(value);
    }

    private static String of(Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof Float) {
            float number = (Float) value;
            return Float.isNaN(number) ? "NaN" : Integer.toHexString(Float.floatToRawIntBits(number));
        }
        if (value instanceof Double) {
            double number = (Double) value;
            return Double.isNaN(number) ? "NaN" : Long.toHexString(Double.doubleToRawLongBits(number));
        }
        if (value instanceof BigDecimal) {
            return ((BigDecimal) value).toPlainString();
        }
        if (value instanceof String) {
            return "'" + value + "'";
        }
        if (value instanceof byte[]) {
            StringBuilder text = new StringBuilder();
            for (byte each : (byte[]) value) {
                text.append(String.format("%02x", each));
            }
            return text.toString();
        }
        if (value instanceof LocalDate) {
            return Long.toString(((LocalDate) value).toEpochDay());
        }
        if (value instanceof LocalDateTime) {
            return micros(((LocalDateTime) value).toInstant(ZoneOffset.UTC));
        }
        if (value instanceof Instant) {
            return micros((Instant) value);
        }
        if (value instanceof Row) {
            Row row = (Row) value;
            List<String> parts = new ArrayList<>();
            for (int index = 0; index < row.length(); index++) {
                parts.add(of(row.get(index)));
            }
            return "(" + String.join(";", parts) + ")";
        }
        if (value instanceof scala.collection.Map) {
            List<String> parts = new ArrayList<>();
            CollectionConverters.asJava((scala.collection.Map<?, ?>) value)
                    .forEach((key, of) -> parts.add(of(key) + ":" + of(of)));
            Collections.sort(parts);
            return "{" + String.join(";", parts) + "}";
        }
        if (value instanceof scala.collection.Seq) {
            List<String> parts = new ArrayList<>();
            CollectionConverters.asJava((scala.collection.Seq<?>) value).forEach(each -> parts.add(of(each)));
            return "[" + String.join(";", parts) + "]";
        }
        return value.toString();
    }

    private static String micros(Instant instant) {
        return Long.toString(instant.getEpochSecond() * 1_000_000 + instant.getNano() / 1_000);
    }
}
